//! The words themselves. Each line of a family starts with the common form, then its spellings;
//! lists without families hold words that stand for themselves. All are in folded form: lower
//! case, without marks, in Latin letters.

/// Articles, prepositions, conjunctions.
pub const FUNCTION: &str = "\
and und et y og och ja plus en
of
the
for fur fuer pour para per
de des du di da do dos del della dello dei degli
der die das den dem
la le les el los las il lo
van von zu zur zum vom
in im at on by to a an as am
al el ul
no nr number num
";

/// Words added or left out without a change of who is meant, and legal words inside a name.
pub const LIGHT: &str = "\
group grp gruppe groupe grupo gruppo gruppen groep koncern konzern concern grup gruppa
holding holdings hldg hldgs kholding
com net www
company companies co compagnie compania companhia compagnia kompaniya firm firma
corporation corp corporacion corporate korporatsiya
limited ltd incorporated inc llc gmbh plc pvt pty pte sarl bv nv srl
gesellschaft societe sociedad societa obshchestvo
";

/// A reach that is not a country.
pub const SCOPE: &str = "\
international intl internat internacional internationale internationaler internazionale mezhdunarodnyy int
global globale
worldwide weltweit
world
europe europa european europeenne europaische
emea apac latam mena
asia asian asien asie
africa afrika african afrique
national natl nationale nacional nazionale natsionalnyy
regional region
federal
north northern nord norte
south southern sud sur
east eastern ost este
west western oeste ouest
central
overseas offshore
";

/// Lines of business, institutions and products, one family a line.
pub const ACTIVITY_FAMILIES: &str = "\
bank banks banking banco banca banque bk bancorp bancshares
university univ uni universitat universitaet universite universidad universidade universita universitet universiteit uniwersytet
institute inst institut instituto istituto
school schools schule ecole escuela
college coll
academy akademie academia akademiya
hospital hosp hopital krankenhaus
clinic clinics klinik klinikum clinique
technology tech technologies technologie tecnologia technologia tekhnologiya technol
technical technische tekhnicheskiy
service services svc svcs serv servicios servizi dienst dienste dienstleistungen
system systems sys systeme sistemas
solution solutions losungen soluciones
industry industries ind industrie industrias industria industriya
industrial industrielle
manufacturing mfg manuf manufacture manufactures
manufacturer mfr manufacturers
engineering eng engr ingenieria ingenieurburo ingenieurbuero ingenierie
construction constr constructions construccion costruzioni bau
management mgmt mgt mngmt
development dev devel
research forschung recherche
association assn asoc asociacion verband associazione
brother brothers bros gebr gebruder
son sons sohn sohne fils
department dept
government govt gov
ministry min ministerio ministerium ministere
center centre ctr centro centrum zentrum tsentr
organization org organisation organizatsiya
foundation fdn stiftung fondation fundacion fondazione fond
insurance ins assurance versicherung versicherungen seguros assicurazioni
electric electrical elec elektrik elektro
electronic electronics elektronik electronica
pharmaceutical pharmaceuticals pharma pharm farma
chemical chemicals chem chemie chemische
petroleum petrol petroleo petroliere
communication communications comm comms
telecommunication telecommunications telecom telecoms telekom telco
automobile automotive auto autos automobiles automobil
motor motors moto motoren
logistic logistics logistik logistica logistique
transport transportation transports trans
equipment equip
production productions prod
product products produkte
marketing mktg
trading trade trdg handel handels
distribution distributors distributor distrib dist vertrieb vertriebs
wholesale grosshandel
retail retailers
store stores
investment investments invest inv inversiones
finance financial fin finanz finanzas financiere finances
capital
property properties prop
realty
health healthcare
medical med medizin medico medizintechnik
energy energie energia energetik
environment environmental env
labor labour laboral
laboratory laboratories lab labs
library bibliothek
museum musee museo
community communities
consulting consultants consultancy consult consultant beratung unternehmensberatung
computer computers computing
software sw
network networks
information info informatik informatics
security
securities
material materials mat
machinery machines machine maschinen maschinenbau
agriculture agricultural agri agrar
food foods lebensmittel
beverage beverages
restaurant restaurants
hotel hotels
resort resorts
travel travels reisen
airline airlines airways
aviation
aerospace aero
publishing publishers verlag
printing print druck druckerei
mining mines
metal metals metall metallurgical
steel stahl stal
gas
oil
coal
plastic plastics kunststoff
paper papier
packaging verpackung
textile textiles
railway railways rail bahn
railroad railroads
partner partners partnership
associate associates
fund funds fonds
trust trusts
enterprise enterprises
venture ventures
work works werk werke
factory fabrik fabrika
plant zavod
city municipal municipality stadt ville ciudad
county
council
committee komitet
society
federation
union
sciences science scientific
education educational
culture cultural
military
republic
people peoples
state states
";

/// Lines of business that have one spelling.
pub const ACTIVITY: &str = "\
accounting administration advertising advisors advisory agency air alliance analytics apparel \
architects army art arts asset assets audio authority backed bakery battery beauty biotech \
board brand brands broker brokers broadcasting building builders business cable care cars \
casino catering cement ceramics charity church cinema cleaning clothing cloud club coatings coffee \
collection commerce commercial commission components concrete connect connections contractors \
control controls cooperation cooperative corporation cosmetics courier creative credit custom dairy \
data defense defence delivery dental design designs diagnostics digital direct drilling economic \
editions employment energy entertainment event events exchange expert experts export express fabrication \
facilities farm farms fashion fertilizer film films fisheries fitness flooring forest \
forestry freight fuel furniture garden general games gaming generation glass gold graphics grid hardware \
heating heavy house housing human hydraulics imaging import infrastructure innovation innovations \
instruments integrated intelligence interactive interior interiors internet irrigation jewelry join kitchen land \
laundry law lawyers lease leasing legal leisure lending life lighting lines liquid living loan loans localization \
lubricants lumber magazine mail maintenance marine maritime market markets mechanical media \
metals microfinance mills minerals mobile mobility mortgage mortgages movers movies music mutual nursing nutrition \
office offshore oilfield online operations optical optics organic outdoor outsourcing \
pack paint parts party payment payments performance personal personnel pet petrochemical pharmacy phone photo \
photography physical pipe pipeline platform platforms plumbing police policy port ports post power precision printing \
private process processing procurement professional professionals program project projects promotion public pumps \
quality radio readymix recovery recruitment recycling refinery refrigeration rental rentals repair reserve resource resources \
residential risk robotics roofing rubber safety sales salon savings seafood seeds semiconductor semiconductors sensors series \
settlements ship shipping shipyard shoes shop shopping signs smart social solar space spa sport sports staffing stationery \
steelworks storage strategic strategies studio studios supermarket supply supplies support surgical \
surveying sustainable switch tax taxi tea team telephone television theater theatre tiles timber tire tires tobacco \
tools tourism tower towers toys traffic training treatment truck trucks tv utilities utility valve valves vehicle vehicles \
veterinary video vision warehouse waste watch water wealth web wedding welding wind wine wines winery wireless wood workshop \
yacht youth exploration hygiene acquisition acquisitions adhesives alloy aluminum aluminium copper zinc uranium nuclear \
defence treaty reconstruction red cross crescent department nations ocean real estate properties aircraft airport engine engines \
conservation counsel court district division fire foreign justice liberation medicine medicines navy nurse \
parliament party polytechnic prison province relief social synagogue temple mosque village welfare wildlife zoo \
merchant merchants stock brewery breweries distillery distilleries bottling sugar meat fish poultry grain milling flour spices chocolate candy \
";

/// Frequent in names, and yet names: surnames, given names, colours, peaks, virtues, Greek letters.
pub const POPULAR: &str = "\
smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas taylor \
moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson walker young allen king wright scott \
torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter roberts kim park choi chen wang li zhang \
liu yang huang zhao wu zhou singh kumar patel sharma khan ali ahmed hassan mohamed muhammad muller mueller schmidt schneider fischer meyer weber \
wagner becker schulz hoffmann schafer koch bauer richter klein wolf schroder neumann schwarz zimmermann rossi russo ferrari bianchi romano \
dubois moreau laurent simon michel lefebvre leroy ivanov petrov sidorov kuznetsov popov jan peter john james robert michael william david \
richard joseph charles christopher daniel matthew anthony mark paul steven andrew george mary anna maria jose juan carlos luis jean pierre hans \
san santa saint st mount royal crown imperial prince queen star stars sun moon sky blue red black gold golden silver diamond crystal pearl \
alpha beta gamma delta omega sigma apex summit peak pinnacle premier prime elite superior supreme ultra mega super pro plus max best top \
advanced modern new old future next nova novo neo era century millennium millenium classic heritage legacy liberty freedom independence independent unity united universal \
continental pacific atlantic arctic mediterranean baltic nordic alpine coast coastal bay lake river valley island mountain rock stone hills oak pine cedar maple \
eagle falcon hawk lion tiger bear wolf fox phoenix dragon horse bull swan \
good great big high grand rapid fast quick speed dynamic active vital bright clear clean pure fresh natural nature eco bio geo agro hydro aqua terra \
omni multi inter micro macro nano cyber info fusion synergy matrix vector quantum nexus vertex zenith horizon vista vanguard pioneer champion \
trinity victoria victory triumph success fortune lucky happy home family kids people one urban metro metropolitan civic home gate bridge \
 standard royal key core link source point spectrum signal target compass anchor harbor harbour beacon light \
 safe secure sure total complete perfect ideal excel excellence quest insight inspire idea concept \
albion britannia columbia hanse hansa hellas iberia orient oriental sunrise sunset dawn solaris polar \
";
