//! An approver on holiday is bypassed by their delegate while the server dies and is started again: the partner is told
//! of each step once, in the app and by mail. With the program itself as a process, and a mail server that counts.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::prelude::*;
use openprm::{
    auth::Caller,
    db::{Clock as _, Db, Engine, SystemClock},
    identity::{
        self, Access, NewUser,
        memberships::PartnerRole,
        users::{RowScope, VendorRole},
    },
    kernel::ids::{Id as _, PartnerId},
    partners::{self, ImportedPartner, NewPartner, PartnerStatus},
    schema::mails,
};
use serde_json::{Value, json};

use crate::support::{
    Database, Folder,
    server::{Server, request},
};

/// How long the start may take, on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long people wait for their notices. A server that is killed while it tells them keeps the job from others for as
/// long as its lease holds, 90 seconds.
const PATIENCE: Duration = Duration::from_secs(150);
/// How often they look.
const LOOKS_EVERY: Duration = Duration::from_millis(200);

const PASSWORD: &str = "nine lime tractors at dusk";
const ADMIN: &str = "root@vendor.example";
const JONAS: &str = "jonas@vendor.example";
const MARIA: &str = "maria@vendor.example";
const CARLA: &str = "carla@vendor.example";
const NILS: &str = "nils@nordwind.example";

/// The vendor's people.
const VENDORS: [(&str, &str, VendorRole); 4] = [
    (ADMIN, "Root", VendorRole::Admin),
    (JONAS, "Jonas Brandt", VendorRole::Approver),
    (MARIA, "Maria Weber", VendorRole::Finance),
    (CARLA, "Carla Manager", VendorRole::Cam),
];

/// A mail that came: to whom, and its subject.
type Mail = (String, String);

/// A mail server that takes every mail.
struct Postbox {
    port: u16,
    got: Arc<Mutex<Vec<Mail>>>,
    over: Arc<AtomicBool>,
}

impl Drop for Postbox {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes it, so that it sees that it is over.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Postbox {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let postbox = Self {
            port: listener.local_addr().unwrap().port(),
            got: Arc::default(),
            over: Arc::default(),
        };
        let (got, over) = (postbox.got.clone(), postbox.over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever breaks off in the middle has sent no mail.
                drop(stream.and_then(|stream| take(stream, &got)));
            }
        });
        postbox
    }

    /// The subjects of what that person got, in order of the alphabet.
    fn to(&self, person: &str) -> Vec<String> {
        let got = self.got.lock().unwrap();
        let theirs = got.iter().filter(|(to, _)| to == person);
        let mut subjects: Vec<String> = theirs.map(|(_, subject)| subject.clone()).collect();
        subjects.sort();
        subjects
    }
}

/// Speaks SMTP until the other side ends it.
fn take(stream: TcpStream, got: &Mutex<Vec<Mail>>) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    let mut to = String::new();
    answers.write_all(b"220 postbox.example\r\n")?;
    while let Some(line) = lines.next() {
        let line = line?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => answers.write_all(b"250-postbox.example\r\n250 8BITMIME\r\n")?,
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                address.clone_into(&mut to);
                answers.write_all(b"250 OK\r\n")?;
            }
            "DATA" => {
                answers.write_all(b"354 Go on\r\n")?;
                let mut subject = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        got.lock().unwrap().push((to.clone(), subject));
                        answers.write_all(b"250 Taken\r\n")?;
                        break;
                    }
                    if let Some(text) = line.strip_prefix("Subject: ") {
                        text.clone_into(&mut subject);
                    }
                }
            }
            "QUIT" => return answers.write_all(b"221 Bye\r\n"),
            _ => answers.write_all(b"250 OK\r\n")?,
        }
    }
    Ok(())
}

/// What outlives the server: its database, its files, and where its mails go.
struct House {
    partner: PartnerId,
    postbox: Postbox,
    folder: Folder,
    database: Database,
}

impl House {
    /// A database with four people of the vendor, and a partner that somebody sells for.
    fn new(engine: Engine) -> Self {
        let (now, hash) = (SystemClock.now(), identity::hash_password(PASSWORD).unwrap());
        let house = Self {
            partner: PartnerId::at(now),
            postbox: Postbox::start(),
            folder: Folder::made(),
            database: Database::new(engine),
        };
        let partner = house.partner;
        let person = move |email: &str, name: &str, access: Access| NewUser {
            id: None,
            email: email.to_owned(),
            name: name.to_owned(),
            password_hash: Some(hash.clone()),
            access,
        };
        let work = move |tx: &mut openprm::db::Tx<'_>| {
            let mut manager = None;
            for (email, name, role) in VENDORS {
                let access = Access::Vendor {
                    roles: vec![role],
                    row_scope: RowScope::All,
                    team: None,
                    territories: Vec::new(),
                };
                let made = identity::create_user(tx, &person(email, name, access))?;
                if role == VendorRole::Cam {
                    manager = Some(made.id);
                }
            }
            let profile: NewPartner = serde_json::from_value(
                json!({"legal_name": "Nordwind", "default_currency": "EUR", "time_zone": "Europe/Berlin"}),
            )
            .unwrap();
            let imported = ImportedPartner {
                id: partner,
                status: PartnerStatus::Active,
                since: now.plus_days(-300),
                account_manager: manager,
                legacy: false,
                profile,
            };
            partners::insert_imported(tx, &imported)?;
            let access = Access::Partner {
                partner,
                roles: vec![PartnerRole::PartnerSales],
            };
            identity::create_user(tx, &person(NILS, "Nils Nordwind", access)).map(drop)
        };
        house.open().run_now(&Caller::system("test"), work).unwrap();
        house
    }

    fn open(&self) -> Db {
        Db::open(&self.database.settings, Arc::new(SystemClock)).unwrap()
    }

    /// The program on the house's database.
    fn serve(&self) -> Server {
        let files = self.folder.0.join("files").display().to_string();
        let smtp = format!("smtp://127.0.0.1:{}", self.postbox.port);
        let settings = [
            ("DATABASE_URL", self.database.settings.url.as_str()),
            ("OPENPRM_SECRET", "a secret for the holiday that is long enough"),
            ("OPENPRM_FILES_URL", &files),
            ("OPENPRM_SMTP_URL", &smtp),
            ("OPENPRM_RATE_LIMIT", "0"),
            ("OPENPRM_REQUEST_LOG", "off"),
        ];
        Server::start(&self.folder.0, &["serve"], &settings, START)
    }

    /// Waits until no mail is on its way: one that is cut off between its delivery and the note of it would come again.
    fn every_mail_has_left(&self) {
        let db = self.open();
        until("every mail has left", || {
            mails_of(&db).iter().all(|(state, _)| state == "sent")
        });
    }
}

/// Every mail that was queued: where it stands, and how often it was tried.
fn mails_of(db: &Db) -> Vec<(String, i64)> {
    db.ask_now(&Caller::system("test"), |tx| {
        Ok(mails::table.select((mails::state, mails::attempts)).load(tx.conn())?)
    })
    .unwrap()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not after {PATIENCE:?}: {what}");
        std::thread::sleep(LOOKS_EVERY);
    }
}

/// Somebody who has signed in at the server that runs now.
struct Person {
    email: &'static str,
    id: String,
    port: u16,
    bearer: String,
}

impl Person {
    fn at(server: &Server, email: &'static str) -> Self {
        let login = json!({"email": email, "password": PASSWORD});
        let (status, session) = request(server.port, "POST", "/v1/auth/login", &[], Some(&login)).unwrap();
        assert_eq!(status, 200, "{session}");
        Self {
            email,
            id: session["user_id"].as_str().unwrap().to_owned(),
            port: server.port,
            bearer: format!("Bearer {}", session["access_token"].as_str().unwrap()),
        }
    }

    fn get(&self, path: &str) -> Value {
        let headers = [("authorization", self.bearer.as_str())];
        let (status, body) = request(self.port, "GET", path, &headers, None).unwrap();
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let key = format!("holiday-{:016x}", rand::random::<u64>());
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("idempotency-key", key.as_str()),
        ];
        let (status, answer) = request(self.port, "POST", path, &headers, Some(body)).unwrap();
        assert!(matches!(status, 200 | 201), "POST {path}: {status} {answer}");
        answer
    }

    /// Their notices, the newest first.
    fn notices(&self) -> Vec<Value> {
        let page = self.get("/v1/notices?limit=200");
        page["data"].as_array().unwrap().clone()
    }

    /// What they were told of that registration, the newest first.
    fn told_of(&self, deal: &Value) -> Vec<String> {
        let mut notices = self.notices();
        notices.retain(|notice| notice["resource_id"] == deal["id"]);
        notices
            .iter()
            .map(|notice| notice["topic"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Registers a deal of that customer and sends it in.
    fn registers(&self, customer: &str, website: &str) -> Value {
        let body = json!({
            "title": format!("{customer}: firewalls"),
            "customer": {"name": customer, "website": website, "city": "Stuttgart", "country": "DE"},
            "territory": "DE",
            "lines": [{"product": "EDGE-FW", "quantity": 40}],
            "amount": {"amount": "48000.00", "currency": "EUR"},
            "expected_close_on": SystemClock.now().plus_days(90).date(),
        });
        let draft = self.post("/v1/deals", &body);
        self.post(&path(&draft, "/submit"), &json!({}))
    }

    /// Each of their notices is there once, and came by mail once.
    fn heard_each_once(&self, house: &House) {
        let notices = self.notices();
        let text = |notice: &Value, field: &str| notice[field].as_str().unwrap().to_owned();
        let mut told: Vec<[String; 3]> = notices
            .iter()
            .map(|notice| ["topic", "resource_id", "occurred_at"].map(|field| text(notice, field)))
            .collect();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), notices.len(), "{} was told twice: {notices:?}", self.email);
        let mut subjects: Vec<String> = notices.iter().map(|notice| text(notice, "subject")).collect();
        subjects.sort();
        assert_eq!(house.postbox.to(self.email), subjects, "the mails to {}", self.email);
    }
}

fn path(deal: &Value, rest: &str) -> String {
    format!("/v1/deals/{}{rest}", deal["id"].as_str().unwrap())
}

/// What there is to sell, where, and that the partner may.
fn lay_ground(server: &Server, partner: PartnerId) {
    let admin = Person::at(server, ADMIN);
    let line = admin.post("/v1/products", &json!({"code": "EDGE", "name": "Edge", "kind": "line"}));
    let firewall = json!({"code": "EDGE-FW", "name": "Edge Firewall", "kind": "product", "parent_id": line["id"]});
    admin.post("/v1/products", &firewall);
    let germany = json!({"code": "DE", "name": "Germany", "kind": "country"});
    let germany = admin.post("/v1/territories", &germany);
    let since = SystemClock.now().plus_days(-30).date();
    let sells = json!({"product_id": line["id"], "territory_id": germany["id"], "starts_on": since});
    admin.post(&format!("/v1/partners/{partner}/authorisations"), &sells);
}

fn the_delegate_decides_and_nobody_is_told_twice(engine: Engine) {
    let house = House::new(engine);

    // Jonas is away, and Maria stands in. Nils has his receipt, and she is asked in Jonas's stead.
    let mut server = house.serve();
    lay_ground(&server, house.partner);
    let (jonas, maria) = (Person::at(&server, JONAS), Person::at(&server, MARIA));
    let nils = Person::at(&server, NILS);
    let until_then = SystemClock.now().plus_days(10);
    let away = json!({"delegate_id": maria.id, "ends_at": until_then, "reason": "On holiday."});
    let delegation = jonas.post("/v1/delegations", &away);
    assert_eq!(
        (&delegation["status"], &delegation["person_id"]),
        (&json!("in_force"), &json!(jonas.id))
    );
    let deal = nils.registers("Acme GmbH", "https://www.acme-werkzeug.de");
    until("Nils has his receipt", || !nils.told_of(&deal).is_empty());
    assert_eq!(nils.told_of(&deal), ["deal_queued"]);
    assert_eq!(maria.told_of(&deal), ["deal_submitted"]);
    assert!(jonas.told_of(&deal).is_empty(), "who is away is left in peace");
    let waiting = maria.get("/v1/approvals?mine=true")["data"].clone();
    assert_eq!(waiting.as_array().unwrap().len(), 1, "{waiting}");
    assert_eq!(
        (
            &waiting[0]["subject"]["id"],
            &waiting[0]["because"],
            &waiting[0]["on_behalf_of"]
        ),
        (&deal["id"], &json!("delegated"), &json!(jonas.id))
    );
    house.every_mail_has_left();

    // She approves, and the power is gone at that moment. The next life of the server tells of it.
    let approved = maria.post(&path(&deal, "/approve"), &json!({}));
    server.kill();
    assert_eq!(approved["review_status"], "approved");
    let server = house.serve();
    let (nils, maria) = (Person::at(&server, NILS), Person::at(&server, MARIA));
    until("Nils knows that it is approved", || {
        nils.told_of(&deal).contains(&"deal_approved".to_owned())
    });
    let decisions = maria.get(&path(&deal, "/decisions"))["data"].clone();
    assert_eq!(decisions.as_array().unwrap().len(), 1, "{decisions}");
    assert_eq!(
        (
            &decisions[0]["outcome"],
            &decisions[0]["decided_by"],
            &decisions[0]["on_behalf_of"]
        ),
        (&json!("approved"), &json!(maria.id), &json!(jonas.id))
    );
    house.every_mail_has_left();
    server.end();

    // Started once more, it tells of what happens next: it has passed all that was before, and told none of it again.
    let server = house.serve();
    let people = [NILS, MARIA, JONAS, CARLA].map(|email| Person::at(&server, email));
    let [nils, maria, jonas, _] = &people;
    let next = nils.registers("Kupferschmiede AG", "https://www.kupferschmiede.de");
    until("Nils has his second receipt", || !nils.told_of(&next).is_empty());
    house.every_mail_has_left();
    assert_eq!(nils.told_of(&deal), ["deal_approved", "deal_queued"]);
    assert_eq!(nils.told_of(&next), ["deal_queued"]);
    assert_eq!(maria.told_of(&deal), ["deal_submitted"]);
    assert_eq!(maria.told_of(&next), ["deal_submitted"]);
    assert!(jonas.told_of(&deal).is_empty() && jonas.told_of(&next).is_empty());
    for person in &people {
        person.heard_each_once(&house);
    }
    let tries = mails_of(&house.open());
    assert!(tries.iter().all(|(_, attempts)| *attempts == 1), "{tries:?}");
}

#[test]
fn the_delegate_decides_and_nobody_is_told_twice_through_restarts_sqlite() {
    the_delegate_decides_and_nobody_is_told_twice(Engine::Sqlite);
}

#[test]
fn the_delegate_decides_and_nobody_is_told_twice_through_restarts_postgres() {
    the_delegate_decides_and_nobody_is_told_twice(Engine::Postgres);
}
