//! The legal forms themselves, in their own script; folded when they are first used.

use super::legal_forms::LegalKind;

/// Forms by kind, parted by `|`.
pub const FORMS: &[(LegalKind, &str)] = &[
    (LegalKind::Company, COMPANY),
    (LegalKind::Private, PRIVATE),
    (LegalKind::Stock, STOCK),
    (LegalKind::Partnership, PARTNERSHIP),
    (LegalKind::Association, ASSOCIATION),
    (LegalKind::Cooperative, COOPERATIVE),
    (LegalKind::State, STATE),
];

const COMPANY: &str = "\
inc|incorporated|incorporation|corp|corporation|co|company|ltd|limited|ltda|limitada|co ltd|\
company limited|cia|cia ltda|compagnie|companhia|compañía|compania|corporación|co inc|ltd co|coltd|\
unlimited company|uc|ulc|limitée|ltée|incorporée|compagnia|corporation limited|kompaniya|компания|\
private company|pc|holding company|shpk|tnhh|cong ty|congty|sh pk";

const PRIVATE: &str = "\
llc|l l c|limited liability company|limited liability co|ltd liability co|lc|pllc|\
professional limited liability company|pvt ltd|private limited|pvt limited|private ltd|pty ltd|pty limited|\
proprietary limited|pty|pte ltd|pte limited|pte|pvt|sdn bhd|sendirian berhad|(pty) ltd|\
gmbh|ggmbh|mbh|gesellschaft mit beschränkter haftung|gesellschaft mbh|ges m b h|gesmbh|ug|\
unternehmergesellschaft|ug haftungsbeschränkt|unternehmergesellschaft haftungsbeschränkt|\
gemeinnützige gmbh|gemeinnützige gesellschaft mit beschränkter haftung|haftungsbeschränkt|\
sarl|sàrl|société à responsabilité limitée|eurl|sas|sasu|société par actions simplifiée|sci|snc sarl|sarlu|\
entreprise unipersonnelle à responsabilité limitée|société par actions simplifiée unipersonnelle|\
srl|s r l|srls|società a responsabilità limitata|societatea cu răspundere limitată|societate cu răspundere limitată|\
sociedad de responsabilidad limitada|s de rl|s de rl de cv|sociedad de responsabilidad limitada de capital variable|\
sl|slu|sociedad limitada|sociedad limitada unipersonal|sociedad anónima simplificada|\
lda|sociedade por quotas|unipessoal lda|sociedade unipessoal|eireli|\
bv|b v|besloten vennootschap|besloten vennootschap met beperkte aansprakelijkheid|bvba|sprl|\
besloten vennootschap met beperkte aansprakelijkheid bvba|société privée à responsabilité limitée|\
aps|anpartsselskab|ivs|oü|osaühing|sia|sabiedrība ar ierobežotu atbildību|uab|uždaroji akcinė bendrovė|\
sp z oo|sp zoo|spzoo|spółka z ograniczoną odpowiedzialnością|spolka z oo|spol s ro|sro|s r o|\
společnost s ručením omezeným|spoločnosť s ručením obmedzeným|kft|korlátolt felelősségű társaság|\
doo|d o o|društvo s ograničenom odgovornošću|družba z omejeno odgovornostjo|društvo sa ograničenom odgovornošću|\
ooo|ооо|oo o|общество с ограниченной ответственностью|obshchestvo s ogranichennoy otvetstvennostyu|\
obshchestvo s ogranichennoi otvetstvennostiu|тоо|too|товарищество с ограниченной ответственностью|\
тов|tov|tzov|товариство з обмеженою відповідальністю|оод|ood|еоод|eood|дружество с ограничена отговорност|\
epe|επε|ικε|ike|εταιρεία περιορισμένης ευθύνης|ltd şti|limited şirketi|limited sti|ltd sti|şti|san ve tic ltd sti|\
yk|yugen kaisha|yugengaisha|gk|godo kaisha|yuhan hoesa|wll|fzc|fze|fz llc|fzco|fz|fz co|dmcc|llp pte|\
limited liability partnership company|bhd sdn|бвба|мчж|mchj|ллс|лтд|ltd liability company|eingetragenes einzelunternehmen|ek|e k|\
בעמ|ש מ מ|ذ م م|شركة ذات مسؤولية محدودة|tnhh mtv|cong ty tnhh|công ty trách nhiệm hữu hạn|công ty tnhh";

const STOCK: &str = "\
ag|akg|aktiengesellschaft|kgaa|kommanditgesellschaft auf aktien|ag and co kgaa|se and co kgaa|se|societas europaea|european company|\
plc|public limited company|public ltd company|public company limited|pcl|public co ltd|pjsc|jsc|ojsc|cjsc|\
joint stock company|joint stock co|open joint stock company|closed joint stock company|public joint stock company|\
private joint stock company|joint stock corporation|ltd by shares|company limited by shares|\
sa|s a|société anonyme|sociedad anónima|sociedade anônima|societate pe acțiuni|sa de cv|sab de cv|sapi de cv|sab|sapi|\
sociedad anónima de capital variable|sociedad anónima bursátil de capital variable|sae|saog|saoc|saa|sac|sau|\
sociedad anónima cerrada|sociedad anónima abierta|sociedad anónima unipersonal|sociedad por acciones|spa|s p a|società per azioni|\
società per azioni unipersonale|nv|n v|naamloze vennootschap|as|asa|a s|aktieselskab|aksjeselskap|allmennaksjeselskap|\
ab|aktiebolag|ab publ|aktiebolaget|publ|oy|oyj|oy ab|osakeyhtiö|julkinen osakeyhtiö|hf|ehf|hlutafélag|einkahlutafélag|\
aktsiaselts|akciju sabiedrība|akcinė bendrovė|spółka akcyjna|akciová společnost|akciová spoločnosť|akc spol|zrt|nyrt|rt|\
zártkörűen működő részvénytársaság|nyilvánosan működő részvénytársaság|részvénytársaság|dd|d d|dioničko društvo|delniška družba|\
ad|a d|акционерно дружество|акционарско друштво|ад|еад|ead|oao|оао|ao|ао|pao|пао|zao|зао|нао|nao|\
акционерное общество|открытое акционерное общество|закрытое акционерное общество|публичное акционерное общество|\
непубличное акционерное общество|aktsionernoe obshchestvo|aktsionernoye obshchestvo|\
otkrytoe aktsionernoe obshchestvo|zakrytoe aktsionernoe obshchestvo|publichnoe aktsionernoe obshchestvo|\
otkrytoye aktsionernoye obshchestvo|zakrytoye aktsionernoye obshchestvo|publichnoye aktsionernoye obshchestvo|\
пат|прат|ват|зат|prat|публічне акціонерне товариство|приватне акціонерне товариство|акціонерне товариство|\
αε|ανωνυμη εταιρεια|ανώνυμη εταιρία|anonymi etairia|aş|a ş|anonim şirketi|san ve tic as|sanayi ve ticaret as|kk|k k|kabushiki kaisha|\
kabushiki gaisha|kabushikigaisha|kabushikikaisha|chusik hoesa|jusik hoesa|tbk|bhd|berhad|perseroan terbatas|pt tbk|co ltd by shares|\
na|n a|national association|ش م م|ش م ع|شركة مساهمة|công ty cổ phần|cong ty co phan|hldgs plc|qsc|qpsc|bsc|ksc|kscp|psc|\
saudi joint stock company|statutory corporation|limited by shares|trust company limited";

const PARTNERSHIP: &str = "\
lp|l p|llp|lllp|limited partnership|limited liability partnership|general partnership|gp|slp|scsp|scs|sca|\
société en commandite par actions|société en commandite simple|société en nom collectif|snc|sncc|\
kg|kommanditgesellschaft|ohg|offene handelsgesellschaft|gbr|gesellschaft bürgerlichen rechts|partg|partgmbb|\
partnerschaftsgesellschaft|gmbh and co kg|gmbh und co kg|gmbh co kg|ag and co kg|ag und co kg|gmbh and co ohg|mbh and co kg|\
gesellschaft mit beschränkter haftung and co kg|gesellschaft mit beschränkter haftung und co kommanditgesellschaft|\
cv|commanditaire vennootschap|vof|vennootschap onder firma|ks|k s|kommanditselskab|i s|interessentskab|kb|kommanditbolag|\
hb|handelsbolag|ky|kommandiittiyhtiö|ans|spj|spółka jawna|sp j|sp k|spk|spółka komandytowa|sp komandytowa|vos|\
veřejná obchodní společnost|komanditní společnost|bt|kkt|scp|stg|sas di|sapa";

const ASSOCIATION: &str = "\
ev|e v|eingetragener verein|ano|ано|автономная некоммерческая организация|avtonomnaya nekommercheskaya organizatsiya|\
nonprofit corporation|non profit organization|nonprofit|npo|asbl|vzw|association sans but lucratif|association loi 1901|\
onlus|ong|ngo|cic|community interest company|charitable incorporated organisation|cio|company limited by guarantee|\
autonomous non profit organization|некоммерческая организация|нко";

const COOPERATIVE: &str = "\
eg|e g|eingetragene genossenschaft|scrl|cvba|coop|co op|sccl|s coop|sociedad cooperativa|società cooperativa|scarl|scpa|\
société coopérative|coöperatieve vereniging|coöperatie ua|ua|amba|andelsselskab|ekonomisk förening|\
cooperative society limited|cooperative society ltd|osuuskunta|sca coop";

const STATE: &str = "\
gup|гуп|fgup|фгуп|муп|mup|федеральное государственное унитарное предприятие|государственное унитарное предприятие|\
муниципальное унитарное предприятие|federal state unitary enterprise|state unitary enterprise|state enterprise|\
federalnoe gosudarstvennoe unitarnoe predpriyatie|anstalt des öffentlichen rechts|aör|körperschaft des öffentlichen rechts|kdör|kgup|\
établissement public|government corporation|гбу|фгбу|мбу|гау";

/// Abbreviations that may stand before the name. Long forms of several words always may.
pub const LEADING: &[(LegalKind, &str)] = &[
    (
        LegalKind::Private,
        "ooo ооо llc too тоо tov тов tzov srl sarl sia uab oü doo eood оод sas sdn gmbh мчж",
    ),
    (
        LegalKind::Stock,
        "oao оао pao пао zao зао ao ао jsc ojsc pjsc cjsc pt пат прат ват зат prat нао aktiebolaget kabushikigaisha",
    ),
    (LegalKind::Association, "ano ано нко"),
    (LegalKind::State, "gup гуп fgup фгуп mup муп гбу фгбу"),
    (LegalKind::Company, "firma фирма компания messrs"),
];

/// Forms in scripts without spaces, and what is put in their place.
pub const UNSPACED: &[(&str, &str)] = &[
    ("株式会社", " kabushikigaisha "),
    ("有限会社", " yugengaisha "),
    ("合同会社", " godo kaisha "),
    ("（株）", " kabushikigaisha "),
    ("(株)", " kabushikigaisha "),
    ("㈱", " kabushikigaisha "),
    ("股份有限公司", " co ltd "),
    ("有限责任公司", " co ltd "),
    ("有限責任公司", " co ltd "),
    ("股份公司", " co ltd "),
    ("有限公司", " co ltd "),
    ("集团", " group "),
    ("集團", " group "),
    ("公司", " co "),
    ("주식회사", " kabushikigaisha "),
    ("㈜", " kabushikigaisha "),
    ("(주)", " kabushikigaisha "),
    ("유한회사", " yugengaisha "),
];
