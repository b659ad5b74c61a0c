//! Where webhooks may go: to public addresses alone, so that nobody makes the server call what stands beside it.
//!
//! An address is checked when it is written down and each time before something is sent: its name is looked up, every address
//! that it stands for must be public, and the call goes to an address that was checked, whatever the name stands for a moment
//! later.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use actix_web::http::Uri;
use futures_util::future::BoxFuture;

use super::settings::{WebhookSettings, begins_alike};

/// The longest address of an endpoint.
pub const LONGEST: usize = 2000;
/// The longest host.
const HOST: usize = 253;
/// The most addresses of one host that are looked at.
const ADDRESSES: usize = 64;

/// Looks names up.
pub trait Resolve: Send + Sync {
    /// The addresses that the name stands for now.
    fn resolve<'r>(&'r self, host: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'r>(&'r self, host: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// An address that can be called, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether it is called over TLS.
    pub https: bool,
    /// The host, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is asked for: path and query.
    pub path: String,
}

/// Why an address is not called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

impl Target {
    /// The address, if webhooks may go to one of that form.
    ///
    /// # Errors
    /// A sentence that says what it must look like.
    pub fn read(url: &str, settings: &WebhookSettings) -> Result<Self, Refused> {
        if url.len() > LONGEST {
            return refused(format!("The address may have at most {LONGEST} characters."));
        }
        if url.contains('#') {
            return refused("The address may have no fragment; leave out what begins with #.");
        }
        let uri: Uri = url
            .parse()
            .map_err(|_malformed| Refused("Send an address as in https://crm.example.com/hooks.".to_owned()))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if settings.allow_http => false,
            _ => return refused("The address must begin with https://."),
        };
        let Some(authority) = uri.authority() else {
            return refused("Send an address as in https://crm.example.com/hooks.");
        };
        let authority = authority.as_str();
        if authority.contains('@') {
            return refused("The address may hold no user name or password.");
        }
        let host = uri.host().unwrap_or_default();
        let host = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host)
            .to_ascii_lowercase();
        if host.is_empty() || host.len() > HOST {
            return refused(format!("The host must have 1 to {HOST} characters."));
        }
        let usual = if https { 443 } else { 80 };
        let named = authority.rsplit_once(':').filter(|_| !authority.ends_with(']'));
        let port = named.map_or(Some(usual), |(_, port)| port.parse::<u16>().ok());
        let Some(port) = port.filter(|port| *port == usual || *port >= 1024) else {
            return refused("The port must be that of the scheme, or one from 1024 on.");
        };
        let target = Self {
            https,
            host,
            port,
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
        };
        match target.literal() {
            Some(address) => check(address, settings)?,
            None if !target.host.bytes().all(is_of_a_name) => {
                return refused("The host must be a name of letters, digits, hyphens and dots, or an address.");
            }
            None if looks_numeric(&target.host) => {
                return refused("An address of numbers must be written in full, as in 203.0.113.7.");
            }
            None => check_name(&target.host, settings)?,
        }
        Ok(target)
    }

    /// The address itself, where the host is one.
    pub fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The host as the receiver is told it: with brackets, and with the port unless it is the usual one.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// Whether a name may hold it: no escape and no zone, which resolvers read each in their own way.
const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Whether a resolver may read the host as numbers: `2130706433`, `0x7f.1`, `127.1`.
fn looks_numeric(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    !last.is_empty() && (last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x"))
}

/// Names that stand for the machine itself or its network, whatever a resolver says.
fn check_name(host: &str, settings: &WebhookSettings) -> Result<(), Refused> {
    let host = host.trim_end_matches('.');
    let inner = [
        "localhost",
        "local",
        "internal",
        "localdomain",
        "home.arpa",
        "lan",
        "intranet",
    ];
    let is_inner = inner
        .iter()
        .any(|name| host == *name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')));
    let open = settings.allowed_networks != super::settings::Networks::These(Vec::new());
    if is_inner && !open {
        return refused("Webhooks go to public addresses only; this name is of the inner network.");
    }
    Ok(())
}

fn check(address: IpAddr, settings: &WebhookSettings) -> Result<(), Refused> {
    let address = address.to_canonical();
    if is_public(address) || settings.allowed_networks.have(address) {
        Ok(())
    } else {
        refused("Webhooks go to public addresses only; this one is private, local or reserved.")
    }
}

/// Looks names up and lets nothing through that is not public.
#[derive(Clone)]
pub struct Guard {
    resolver: Arc<dyn Resolve>,
    settings: WebhookSettings,
}

impl Guard {
    /// A guard that asks that resolver.
    pub fn new(resolver: Arc<dyn Resolve>, settings: WebhookSettings) -> Self {
        Self { resolver, settings }
    }

    /// The address as it is written down, if it has the form of one that may be called.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn target(&self, url: &str) -> Result<Target, Refused> {
        Target::read(url, &self.settings)
    }

    /// Where a call to the target may go now, the best first.
    ///
    /// # Errors
    /// A sentence if the name is unknown, or if any of the addresses that it stands for may not be called.
    pub async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Refused> {
        let found = match target.literal() {
            Some(address) => vec![address],
            None => self
                .resolver
                .resolve(&target.host)
                .await
                .map_err(|error| Refused(format!("The name of the host cannot be looked up: {error}.")))?,
        };
        if found.is_empty() || found.len() > ADDRESSES {
            return refused("The name of the host stands for no address, or for too many.");
        }
        for address in &found {
            check(*address, &self.settings)?;
        }
        Ok(found
            .into_iter()
            .map(|address| SocketAddr::new(address.to_canonical(), target.port))
            .collect())
    }
}

/// IPv4 networks that are not public: of IANA's registry of special-purpose addresses, with multicast and what is reserved.
const NOT_PUBLIC_V4: [([u8; 4], u8); 19] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([168, 63, 129, 16], 32),
];

/// IPv6 networks within global unicast (2000::/3) that are not public. Everything outside of that is not public anyway: the
/// unspecified address, loopback, mapped and translated IPv4 (64:ff9b::/96), 100::/64, 5f00::/16, fc00::/7, fe80::/10,
/// fec0::/10 and multicast.
const NOT_PUBLIC_V6: [([u16; 8], u8); 5] = [
    // Protocol assignments, Teredo and ORCHID among them.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    // 6to4 holds an IPv4 address, of whatever kind.
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Whether the address is a public one, of a single receiver. A mapped IPv4 address counts as what it maps.
pub fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    match address {
        IpAddr::V4(_) => !NOT_PUBLIC_V4
            .iter()
            .any(|(network, bits)| begins_alike(IpAddr::V4(Ipv4Addr::from(*network)), address, *bits)),
        IpAddr::V6(_) => {
            let within = |network: [u16; 8], bits| begins_alike(IpAddr::V6(Ipv6Addr::from(network)), address, bits);
            within([0x2000, 0, 0, 0, 0, 0, 0, 0], 3)
                && !NOT_PUBLIC_V6.iter().any(|(network, bits)| within(*network, *bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn settings(allow_http: bool, private: &str) -> WebhookSettings {
        WebhookSettings {
            schedule: "0".parse().unwrap(),
            timeout_seconds: 15,
            failing_seconds: 1,
            retention_days: 1,
            allow_http,
            allowed_networks: private.parse().unwrap(),
        }
    }

    /// Addresses that nothing may be sent to, as they may stand in an endpoint's address.
    const CLOSED: &[&str] = &[
        "https://127.0.0.1/",
        "https://127.0.0.1:8443/admin",
        "https://127.255.255.254/",
        "https://0.0.0.0/",
        "https://0.1.2.3/",
        "https://10.0.0.1/",
        "https://10.255.255.255/",
        "https://100.64.0.1/",
        "https://100.127.255.255/",
        "https://169.254.169.254/latest/meta-data/",
        "https://169.254.170.2/",
        "https://168.63.129.16/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.0.0.1/",
        "https://192.0.0.192/",
        "https://192.0.2.1/",
        "https://192.88.99.1/",
        "https://192.168.0.1/",
        "https://192.168.255.255/",
        "https://198.18.0.1/",
        "https://198.19.255.255/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://239.255.255.255/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://127.0.1/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://1/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::1]:8443/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::1]/",
        "https://[100::1]/",
        "https://[2001::1]/",
        "https://[2001:0:7f00:1::]/",
        "https://[2001:10::1]/",
        "https://[2001:20::1]/",
        "https://[2001:db8::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:a00:1::1]/",
        "https://[2620:4f:8000::1]/",
        "https://[3fff::1]/",
        "https://[5f00::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fd12:3456:789a:1::1]/",
        "https://[fe80::1]/",
        "https://[febf::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[ff0e::1]/",
        "https://[4000::1]/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST:8443/",
        "https://app.localhost/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/",
        "https://loc%61lhost/",
        "https://[fe80::1%25eth0]/",
        "https://[::ffff:127.0.0.1%25lo]/",
        "https://[64:ff9b:1:ffff:ffff:ffff:7f00:1]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://1.2.3.0X7F/",
        "https://metadata.google.internal./",
    ];

    #[test]
    fn no_address_of_the_inner_network_is_taken_however_it_is_written() {
        assert!(CLOSED.len() >= 60);
        let settings = settings(true, "");
        for url in CLOSED {
            assert!(Target::read(url, &settings).is_err(), "{url}");
            let plain = url.replacen("https", "http", 1);
            assert!(Target::read(&plain, &settings).is_err(), "{plain}");
        }
    }

    #[test]
    fn what_is_no_plain_https_address_is_refused() {
        let strict = settings(false, "");
        for url in [
            "",
            "crm.example.com",
            "/hooks",
            "http://crm.example.com/",
            "ftp://crm.example.com/",
            "file:///etc/passwd",
            "gopher://crm.example.com/",
            "javascript:alert(1)",
            "https://",
            "https:///path",
            "https://user@crm.example.com/",
            "https://user:password@crm.example.com/",
            "https://crm.example.com#@127.0.0.1/",
            "https://crm.example.com/#x",
            "https://crm.example.com:22/",
            "https://crm.example.com:25/",
            "https://crm.example.com:80/",
            "https://crm.example.com:0/",
            "https://crm.example.com:99999/",
            "https://crm.example.com\\@127.0.0.1/",
            "https://crm example.com/",
            "https://crm.example.com/ä b",
            "https://ex\u{e4}mple.com/",
        ] {
            assert!(Target::read(url, &strict).is_err(), "{url}");
        }
        let long = format!("https://{}.com/", "a".repeat(260));
        assert!(Target::read(&long, &strict).is_err());
    }

    #[test]
    fn public_addresses_are_taken_with_all_their_parts() {
        let strict = settings(false, "");
        let target = Target::read("https://CRM.example.com:8443/hooks?team=7", &strict).unwrap();
        assert_eq!(
            (target.host.as_str(), target.port, target.path.as_str()),
            ("crm.example.com", 8443, "/hooks?team=7")
        );
        assert_eq!(target.authority(), "crm.example.com:8443");
        let plain = Target::read("https://crm.example.com", &strict).unwrap();
        assert_eq!(
            (plain.path.as_str(), plain.authority().as_str()),
            ("/", "crm.example.com")
        );
        for url in [
            "https://8.8.8.8/",
            "https://1.1.1.1:8443/",
            "https://100.63.255.255/",
            "https://100.128.0.1/",
            "https://172.32.0.1/",
            "https://[2606:4700::1111]/",
            "https://[::ffff:8.8.8.8]/",
        ] {
            assert!(Target::read(url, &strict).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_the_settings_allow_is_taken_and_nothing_beside_it() {
        let open = settings(true, "127.0.0.1,fd00::/8");
        assert!(Target::read("http://127.0.0.1:9000/x", &open).is_ok());
        assert!(Target::read("http://[::ffff:127.0.0.1]:9000/x", &open).is_ok());
        assert!(Target::read("http://[fd00::1]/", &open).is_ok());
        assert!(Target::read("http://127.0.0.2:9000/x", &open).is_err());
        assert!(Target::read("http://10.0.0.1/", &open).is_err());
    }

    /// Answers one list after the other.
    struct Turning(Mutex<Vec<Vec<&'static str>>>);

    impl Resolve for Turning {
        fn resolve<'r>(&'r self, _: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>> {
            let next = self.0.lock().unwrap().remove(0);
            Box::pin(async move { Ok(next.iter().map(|text| text.parse().unwrap()).collect()) })
        }
    }

    #[actix_web::test]
    async fn a_name_is_looked_up_each_time_and_every_address_of_it_must_be_public() {
        let answers = vec![
            vec!["8.8.8.8"],
            vec!["127.0.0.1"],
            vec!["8.8.8.8", "10.0.0.1"],
            vec!["8.8.8.8", "::ffff:192.168.0.1"],
            vec![],
            vec!["8.8.4.4", "2606:4700::1111"],
        ];
        let guard = Guard::new(Arc::new(Turning(Mutex::new(answers))), settings(false, ""));
        let target = guard.target("https://rebind.example.com:8443/x").unwrap();
        let mut taken = Vec::new();
        for _ in 0..6 {
            taken.push(guard.addresses(&target).await.ok());
        }
        let of = |texts: &[&str]| {
            Some(
                texts
                    .iter()
                    .map(|text| text.parse().unwrap())
                    .collect::<Vec<SocketAddr>>(),
            )
        };
        let last = of(&["8.8.4.4:8443", "[2606:4700::1111]:8443"]);
        assert_eq!(taken, [of(&["8.8.8.8:8443"]), None, None, None, None, last]);
    }
}
