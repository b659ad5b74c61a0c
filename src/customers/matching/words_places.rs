//! Words that name places, in the form of `words_table`.

/// Countries and territories with the names used in their own and other languages, adjectives,
/// and the states of large federations.
pub const COUNTRIES: &str = "\
usa us amerika
uk britain british gb
germany deutschland allemagne alemania duitsland
german deutsche deutscher deutsches
france frankreich francia
french francaise francais
italy italia italien italie
italian italiana italiano
spain espana spanien espagne
spanish espanola espanol
netherlands nederland niederlande holland
dutch nederlandse
belgium belgique belgie belgien
belgian
austria osterreich oesterreich autriche
austrian
switzerland schweiz suisse svizzera
swiss schweizer
sweden sverige schweden
swedish svenska
norway norge norwegen
norwegian norske norsk
denmark danmark danemark
danish danske dansk
finland suomi finnland
finnish
poland polska polen pologne
polish polski
czechia cesko czech tschechien ceska
slovakia slovensko slowakei
hungary magyarorszag ungarn
hungarian magyar
romania rumanien
bulgaria bulgarien
greece hellas griechenland
greek hellenic
turkey turkiye turkei turk turkish
russia rossiya russland rf
russian rossiyskiy rossiyskaya russkiy
ukraine ukraina ukrainian
belarus
kazakhstan
portugal
portuguese
ireland irland eire
irish
iceland
luxembourg luxemburg
estonia eesti
latvia latvija
lithuania lietuva
croatia hrvatska
serbia srbija
slovenia slovenija
georgia
armenia
azerbaijan
china zhongguo chinese kitay
japan nippon nihon
japanese
korea korean
taiwan
hongkong
singapore singapur
malaysia malaysian
indonesia indonesian
thailand thai
vietnam
philippines philippine
india bharat
indian
pakistan
bangladesh
lanka
nepal
australia australian
zealand
canada kanada canadian canadienne
mexico mexicana mexicano mexican
brazil brasil brasileira
argentina argentine
chile chilena
colombia
peru
panama
cuba
egypt misr egyptian
israel israeli
saudi
arabia arabian
arab arabic
emirates uae
qatar
kuwait
bahrain
oman
jordan
lebanon
iraq
iran
syria
morocco maroc
algeria algerie
tunisia tunisie
libya
nigeria nigerian
ghana
kenya
ethiopia
southafrica
america american
americas
england english
scotland scottish
wales welsh
bavaria bayern bayerische bayerischer
saxony sachsen
hessen hessische
";

/// Countries and states known under one name, and large cities.
pub const PLACES: &str = "\
malta cyprus monaco liechtenstein andorra \
bosnia montenegro macedonia albania moldova \
uzbekistan turkmenistan tajikistan kyrgyzstan \
venezuela ecuador bolivia uruguay paraguay \
tanzania uganda rwanda zambia zimbabwe angola mozambique botswana namibia senegal \
cameroon chad mali niger sudan congo gabon \
california texas florida ohio michigan illinois virginia carolina dakota \
pennsylvania arizona nevada oregon colorado utah kansas missouri minnesota wisconsin \
indiana tennessee kentucky alabama louisiana mississippi arkansas oklahoma iowa nebraska \
maryland delaware massachusetts connecticut vermont maine hampshire hawaii alaska montana \
ontario quebec alberta manitoba \
nordrhein westfalen rheinland pfalz niedersachsen brandenburg thuringen \
queensland tasmania \
london paris berlin hamburg munich cologne koln munchen frankfurt stuttgart dusseldorf dortmund essen leipzig bremen dresden hannover \
nurnberg vienna wien zurich geneva geneve basel bern lausanne amsterdam rotterdam hague utrecht eindhoven brussels bruxelles \
antwerp ghent copenhagen kobenhavn aarhus stockholm goteborg gothenburg malmo oslo bergen helsinki tampere \
warsaw warszawa krakow wroclaw poznan gdansk prague praha brno bratislava budapest bucharest sofia belgrade zagreb \
ljubljana athens thessaloniki istanbul ankara izmir moscow moskva petersburg novosibirsk yekaterinburg ekaterinburg kazan samara \
omsk rostov ufa perm voronezh volgograd saratov kyiv kiev kharkiv odessa lviv minsk vilnius riga tallinn \
madrid barcelona valencia sevilla seville bilbao zaragoza malaga lisbon lisboa porto rome roma milan milano naples napoli turin \
torino genoa bologna florence firenze venice venezia verona dublin cork belfast edinburgh glasgow manchester birmingham \
leeds liverpool bristol sheffield nottingham cardiff oxford cambridge southampton newcastle york lyon marseille toulouse \
nice bordeaux lille nantes strasbourg newyork boston chicago houston dallas phoenix philadelphia antonio diego austin \
jacksonville columbus charlotte indianapolis seattle denver detroit memphis portland vegas baltimore milwaukee \
albuquerque tucson fresno sacramento atlanta miami oakland minneapolis tulsa cleveland tampa orleans losangeles sanfrancisco \
pittsburgh cincinnati louis orlando nashville buffalo toronto montreal vancouver calgary ottawa edmonton winnipeg \
mexicocity guadalajara monterrey bogota lima santiago buenosaires saopaulo rio brasilia caracas quito havana \
beijing shanghai shenzhen guangzhou tianjin chongqing wuhan chengdu nanjing hangzhou xian suzhou dalian qingdao harbin shenyang \
ningbo xiamen fujian jiangsu zhejiang guangdong shandong hebei henan hunan hubei sichuan yunnan anhui \
tokyo osaka nagoya yokohama kyoto kobe fukuoka sapporo seoul busan incheon taipei hanoi saigon hochiminh bangkok jakarta surabaya \
manila cebu kualalumpur penang delhi mumbai bombay bangalore bengaluru chennai kolkata calcutta hyderabad pune ahmedabad \
karachi lahore islamabad dhaka colombo kathmandu dubai sharjah doha riyadh jeddah jerusalem haifa beirut amman \
baghdad tehran cairo alexandria casablanca tunis algiers lagos abuja accra nairobi johannesburg durban pretoria capetown \
sydney melbourne brisbane perth adelaide auckland wellington honolulu baku tbilisi yerevan tashkent almaty astana \
homs aleppo damascus southbend sanantonio sandiego sanjose stlouis telaviv abudhabi saintpetersburg \
";

/// Place names of several words.
pub const PLACE_PHRASES: &[(&[&str], &str)] = &[
    (&["united", "states", "of", "america"], "usa"),
    (&["united", "states"], "usa"),
    (&["united", "kingdom"], "uk"),
    (&["great", "britain"], "uk"),
    (&["united", "arab", "emirates"], "uae"),
    (&["hong", "kong"], "hongkong"),
    (&["new", "york", "city"], "newyork"),
    (&["new", "york"], "newyork"),
    (&["los", "angeles"], "losangeles"),
    (&["san", "francisco"], "sanfrancisco"),
    (&["san", "antonio"], "sanantonio"),
    (&["san", "diego"], "sandiego"),
    (&["san", "jose"], "sanjose"),
    (&["st", "louis"], "stlouis"),
    (&["south", "bend"], "southbend"),
    (&["south", "africa"], "southafrica"),
    (&["new", "zealand"], "zealand"),
    (&["sri", "lanka"], "lanka"),
    (&["czech", "republic"], "czechia"),
    (&["saudi", "arabia"], "saudi"),
    (&["mexico", "city"], "mexicocity"),
    (&["buenos", "aires"], "buenosaires"),
    (&["sao", "paulo"], "saopaulo"),
    (&["kuala", "lumpur"], "kualalumpur"),
    (&["cape", "town"], "capetown"),
    (&["tel", "aviv"], "telaviv"),
    (&["abu", "dhabi"], "abudhabi"),
    (&["saint", "petersburg"], "saintpetersburg"),
    (&["st", "petersburg"], "saintpetersburg"),
    (&["sankt", "peterburg"], "saintpetersburg"),
    (&["ho", "chi", "minh"], "hochiminh"),
];
