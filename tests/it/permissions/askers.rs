//! Who calls, and what the contract promises each of them.

use openprm::auth::{Role, Rows, permissions};

use crate::support::{Client, World, api::Operation, fixtures::Fixtures};

/// Somebody who calls.
pub struct Asker<'w> {
    pub name: String,
    pub client: Client<'w>,
    pub kind: Kind,
    /// Sees partner A's rows alone.
    pub limited: bool,
}

pub enum Kind {
    Person(Role),
    /// A machine with these scopes, or with all but these.
    Machine {
        has: bool,
    },
    /// Not signed in, or with a token that is none.
    Nobody,
}

/// What the promise says of one caller and one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    Passes,
    SignIn,
    Forbidden,
    /// The contract leaves it open.
    Open,
}

pub fn callers<'w>(world: &'w World, fixtures: &Fixtures<'_>) -> Vec<Asker<'w>> {
    let mut callers = Vec::new();
    for role in Role::ALL.iter().copied().filter(|role| *role != Role::Integration) {
        let (client, limited) = if role.is_partner() {
            (world.partner_user(fixtures.a, role), true)
        } else {
            (world.vendor(role), false)
        };
        callers.push(Asker {
            name: role.to_string(),
            client,
            kind: Kind::Person(role),
            limited,
        });
    }
    for role in [Role::Cam, Role::Approver] {
        let client = world.vendor_of(role, Rows::Partners([fixtures.a].into()));
        callers.push(Asker {
            name: format!("{role} of A alone"),
            client,
            kind: Kind::Person(role),
            limited: true,
        });
    }
    callers.push(Asker {
        name: "nobody".to_owned(),
        client: world.stranger(),
        kind: Kind::Nobody,
        limited: true,
    });
    callers.push(Asker {
        name: "forged token".to_owned(),
        client: world.bearer("not-a-token-of-ours"),
        kind: Kind::Nobody,
        limited: true,
    });
    callers
}

pub fn machines<'w>(world: &'w World, operation: &Operation) -> Vec<Asker<'w>> {
    let every = permissions::scopes();
    let scope = operation.scope.as_deref().unwrap_or("no:scope");
    let others: Vec<&str> = every.into_iter().filter(|one| *one != scope).collect();
    vec![
        Asker {
            name: "machine with the scope".to_owned(),
            client: world.machine(&[scope]),
            kind: Kind::Machine { has: true },
            limited: false,
        },
        Asker {
            name: "machine with all other scopes".to_owned(),
            client: world.machine(&others),
            kind: Kind::Machine { has: false },
            limited: false,
        },
    ]
}

pub fn promise(operation: &Operation, kind: &Kind) -> Promise {
    match kind {
        // What is open to everyone stays open to those whose token has ended: how else would they sign in again?
        _ if operation.public => Promise::Passes,
        Kind::Nobody => Promise::SignIn,
        Kind::Person(role) if operation.roles.contains(role.as_str()) => Promise::Passes,
        Kind::Person(_) => Promise::Forbidden,
        Kind::Machine { has } => match &operation.scope {
            Some(_) if *has => Promise::Passes,
            Some(_) => Promise::Forbidden,
            // Open to everyone who is signed in, or to people alone: the contract writes both the same way.
            None => Promise::Open,
        },
    }
}
