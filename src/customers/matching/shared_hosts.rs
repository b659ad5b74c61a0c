//! Domains that many unrelated parties use.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Names under any top-level domain: they run country sites under one name.
const UNDER_ANY_SUFFIX: &str = "\
amazon ebay google yahoo hotmail outlook live gmx yandex aliexpress alibaba craigslist olx etsy \
facebook linkedin instagram booking tripadvisor protonmail blogspot rediffmail mercadolibre mercadolivre \
indeed glassdoor zalando rakuten allegro shopee lazada kleinanzeigen leboncoin";

/// Free and personal mail.
const MAIL: &str = "\
gmail.com googlemail.com icloud.com me.com mac.com msn.com passport.com aol.com aim.com ymail.com rocketmail.com \
proton.me pm.me tutanota.com tutanota.de tuta.io tuta.com tutamail.com keemail.me mailbox.org posteo.de posteo.net \
fastmail.com fastmail.fm hushmail.com hush.com zoho.com zohomail.com zohomail.eu mail.com email.com usa.com post.com \
europe.com consultant.com engineer.com inbox.com web.de freenet.de mail.de email.de online.de arcor.de t-online.de magenta.de \
1und1.de mail.ru inbox.ru list.ru bk.ru internet.ru rambler.ru lenta.ru ro.ru myrambler.ru autorambler.ru ya.ru narod.ru \
ukr.net i.ua meta.ua bigmir.net tut.by abv.bg mail.bg dir.bg seznam.cz email.cz centrum.cz atlas.cz volny.cz post.cz \
azet.sk zoznam.sk centrum.sk wp.pl o2.pl onet.pl onet.eu op.pl interia.pl interia.eu gazeta.pl tlen.pl poczta.fm \
freemail.hu citromail.hu indamail.hu libero.it virgilio.it alice.it tin.it tiscali.it email.it inwind.it iol.it tim.it \
orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr voila.fr club-internet.fr \
telefonica.net terra.es ono.com movistar.es sapo.pt clix.pt netcabo.pt skynet.be telenet.be proximus.be scarlet.be \
ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl xs4all.nl chello.nl casema.nl upcmail.nl quicknet.nl \
bluewin.ch sunrise.ch hispeed.ch aon.at chello.at a1.net inode.at utanet.at telia.com comhem.se bredband.net spray.se \
online.no broadpark.no getmail.no jubii.dk mail.dk tdcadsl.dk stofanet.dk pp.inet.fi kolumbus.fi luukku.com suomi24.fi \
qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn 21cn.com tom.com aliyun.com vip.163.com \
naver.com hanmail.net daum.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp ocn.ne.jp \
so-net.ne.jp excite.co.jp infoseek.jp rediff.com sify.com in.com indiatimes.com vsnl.net bsnl.in uol.com.br bol.com.br terra.com.br \
ig.com.br globo.com globomail.com oi.com.br r7.com prodigy.net.mx infinitum.com.mx fibertel.com.ar ciudad.com.ar arnet.com.ar speedy.com.ar \
mweb.co.za webmail.co.za vodamail.co.za telkomsa.net walla.com walla.co.il bezeqint.net netvision.net.il 012.net.il mynet.com superonline.com \
ttmail.com mailinator.com guerrillamail.com 10minutemail.com yopmail.com trashmail.com temp-mail.org sharklasers.com duck.com hey.com \
simplelogin.com relay.firefox.com privaterelay.appleid.com lycos.com excite.com netzero.net juno.com mindspring.com earthlink.net";

/// Access providers whose addresses their subscribers use.
const ACCESS: &str = "\
comcast.net xfinity.com verizon.net att.net sbcglobal.net bellsouth.net ameritech.net pacbell.net swbell.net snet.net prodigy.net \
charter.net spectrum.net rr.com roadrunner.com twc.com cox.net centurylink.net centurytel.net q.com embarqmail.com windstream.net \
frontier.com frontiernet.net optonline.net optimum.net suddenlink.net mediacombb.net wowway.com rcn.com cableone.net hughes.net \
tds.net shaw.ca telus.net rogers.com bell.net sympatico.ca videotron.ca cogeco.ca sasktel.net mts.net eastlink.ca \
btinternet.com btopenworld.com talktalk.net tiscali.co.uk virginmedia.com virgin.net ntlworld.com blueyonder.co.uk sky.com \
plus.com plusnet.com o2.co.uk orange.net freeserve.co.uk eircom.net bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au \
internode.on.net westnet.com.au dodo.com.au xtra.co.nz slingshot.co.nz orcon.net.nz vodafone.co.nz paradise.net.nz singnet.com.sg \
pacific.net.sg starhub.net.sg netvigator.com hinet.net seed.net.tw tm.net.my streamyx.com pldtdsl.net vodafone.de unitybox.de kabelmail.de \
versanet.de ewe.net netcologne.de htp-tel.de";

/// Short links, link lists, and redirects.
const SHORTENERS: &str = "\
bit.ly bitly.com tinyurl.com t.co goo.gl ow.ly is.gd v.gd buff.ly rebrand.ly cutt.ly shorturl.at rb.gy lnkd.in fb.me youtu.be amzn.to \
t.ly tiny.cc bl.ink linktr.ee beacons.ai lnk.bio about.me bio.link carrd.co msha.ke taplink.cc s.id clck.ru vk.cc adf.ly soo.gd snip.ly trib.al \
dlvr.it wa.me t.me m.me g.co g.page maps.app.goo.gl forms.gle forms.office.com";

/// Social networks, communities, video, code, wikis.
const SOCIAL: &str = "\
x.com twitter.com fb.com messenger.com whatsapp.com youtube.com vimeo.com tiktok.com pinterest.com snapchat.com reddit.com tumblr.com \
quora.com medium.com substack.com discord.com discord.gg telegram.org telegram.me vk.com ok.ru weibo.com wechat.com weixin.qq.com zhihu.com \
xing.com viadeo.com meetup.com flickr.com twitch.tv threads.net mastodon.social bsky.app nextdoor.com wikipedia.org wikidata.org github.com \
gitlab.com bitbucket.org stackoverflow.com crunchbase.com zoominfo.com bloomberg.com dnb.com opencorporates.com angel.co wellfound.com \
slideshare.net issuu.com scribd.com patreon.com onlyfans.com gofundme.com kickstarter.com indiegogo.com eventbrite.com";

/// Marketplaces and directories.
const MARKETS: &str = "\
myshopify.com shopify.com bigcartel.com gumroad.com storenvy.com tictail.com rakuten.co.jp taobao.com tmall.com jd.com 1688.com made-in-china.com \
globalsources.com tradeindia.com indiamart.com flipkart.com mercari.com poshmark.com depop.com vinted.com bol.com cdiscount.com fnac.com otto.de \
yelp.com yellowpages.com gelbeseiten.de pagesjaunes.fr paginegialle.it goldenpages.ie yell.com thumbtack.com angi.com houzz.com airbnb.com \
doordash.com ubereats.com deliveroo.co.uk lieferando.de grubhub.com opentable.com ecwid.com square.site squareup.com clutch.co g2.com capterra.com \
trustpilot.com upwork.com fiverr.com freelancer.com";

/// Site builders and hosting on the host's own domain, file sharing, application platforms.
const BUILDERS: &str = "\
wix.com wixsite.com editorx.io squarespace.com weebly.com weeblysite.com wordpress.com wpengine.com wpcomstaging.com blogger.com blogspot.com \
webflow.io webflow.com godaddysites.com websitebuilder.com site123.me jimdo.com jimdosite.com jimdofree.com webnode.com webnode.page strikingly.com \
mystrikingly.com simplesite.com yolasite.com ucoz.com ucoz.ru tilda.ws tilda.cc bubbleapps.io framer.website framer.app notion.site \
notion.so canva.site my.canva.site durable.co duda.co multiscreensite.com homestead.com angelfire.com tripod.com geocities.com bravenet.com \
github.io gitlab.io netlify.app netlify.com vercel.app now.sh herokuapp.com pages.dev workers.dev web.app firebaseapp.com appspot.com \
azurewebsites.net cloudapp.net windows.net amazonaws.com cloudfront.net elasticbeanstalk.com onrender.com fly.dev surge.sh glitch.me replit.app \
repl.co sharepoint.com onmicrosoft.com force.com salesforce.com my.salesforce.com hubspot.com hubspotpagebuilder.com hs-sites.com mailchimpsites.com \
myportfolio.com cargo.site format.com smugmug.com zenfolio.com dropbox.com box.com wetransfer.com onedrive.com drive.google.com sites.google.com \
docs.google.com business.site typeform.com surveymonkey.com jotform.com calendly.com zendesk.com freshdesk.com atlassian.net zoom.us teams.microsoft.com \
example.com example.org example.net test.com";

static HOSTS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    [MAIL, ACCESS, SHORTENERS, SOCIAL, MARKETS, BUILDERS]
        .iter()
        .flat_map(|list| list.split_whitespace())
        .collect()
});

static ANY_SUFFIX: LazyLock<HashSet<&'static str>> = LazyLock::new(|| UNDER_ANY_SUFFIX.split_whitespace().collect());

/// Whether this very domain is listed. `amazon.co.jp` is found by its name under any suffix.
pub(super) fn contains(domain: &str) -> bool {
    if HOSTS.contains(domain) {
        return true;
    }
    domain.split_once('.').is_some_and(|(name, suffix)| {
        ANY_SUFFIX.contains(name) && psl::suffix_str(domain).is_some_and(|known| known == suffix)
    })
}
