//! A small channel program for tests of conflicts and protections: two trees, customers, partners, and registrations in
//! whatever state a test needs. Rows are written as they stand, so that a test says what is, not how it came to be.

use diesel::RunQueryDsl as _;
use openprm::{
    auth::{Role, Rows},
    db::Tx,
    deals::{
        conflict::rules::{AskedLine, QueuePlace},
        protection::Grant,
        registrations::DealType,
    },
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AccountId, DealId, Id as _, PartnerId, ProductId, TerritoryId},
    },
};

use crate::support::{Client, World};

/// Suite, with the lines Edge (Edge Pro, Edge Lite) and Core; EMEA, with DACH (Germany with Bavaria, Austria) and France.
pub struct Scene {
    pub suite: ProductId,
    pub edge: ProductId,
    pub edge_pro: ProductId,
    pub edge_lite: ProductId,
    pub core: ProductId,
    pub emea: TerritoryId,
    pub dach: TerritoryId,
    pub germany: TerritoryId,
    pub bavaria: TerritoryId,
    pub austria: TerritoryId,
    pub france: TerritoryId,
    pub acme: AccountId,
}

/// Runs one statement of the test's own.
pub fn run(tx: &mut Tx<'_>, sql: &str) -> Result<usize> {
    diesel::sql_query(sql).execute(tx.conn()).map_err(Error::from)
}

/// A registration that a test has made.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub deal: DealId,
    pub partner: PartnerId,
    pub place: QueuePlace,
}

impl Scene {
    pub fn new(world: &World) -> Self {
        let now = world.now();
        let scene = Self {
            suite: ProductId::example(11),
            edge: ProductId::example(12),
            edge_pro: ProductId::example(13),
            edge_lite: ProductId::example(14),
            core: ProductId::example(15),
            emea: TerritoryId::example(21),
            dach: TerritoryId::example(22),
            germany: TerritoryId::example(23),
            bavaria: TerritoryId::example(24),
            austria: TerritoryId::example(25),
            france: TerritoryId::example(26),
            acme: AccountId::example(31),
        };
        let products = [
            (scene.suite, None, "SUITE", "Suite", "line"),
            (scene.edge, Some(scene.suite), "EDGE", "Edge", "line"),
            (scene.edge_pro, Some(scene.edge), "EDGE-PRO", "Edge Pro", "product"),
            (scene.edge_lite, Some(scene.edge), "EDGE-LITE", "Edge Lite", "product"),
            (scene.core, Some(scene.suite), "CORE", "Core", "product"),
        ];
        let territories = [
            (scene.emea, None, "EMEA", "EMEA", "region"),
            (scene.dach, Some(scene.emea), "DACH", "DACH", "region"),
            (scene.germany, Some(scene.dach), "DE", "Germany", "country"),
            (scene.bavaria, Some(scene.germany), "DE-BY", "Bavaria", "subdivision"),
            (scene.austria, Some(scene.dach), "AT", "Austria", "country"),
            (scene.france, Some(scene.emea), "FR", "France", "country"),
        ];
        let at = now.micros();
        let parent = |id: Option<String>| id.map_or_else(|| "NULL".to_owned(), |id| format!("'{id}'"));
        let mut statements = Vec::new();
        for (id, up, code, name, kind) in products {
            let (up, key, name_key) = (
                parent(up.map(|up| up.to_string())),
                code.to_lowercase(),
                name.to_lowercase(),
            );
            statements.push(format!("INSERT INTO products (id, code, code_key, name, name_key, kind, parent_id, status, custom, revision, created_at, updated_at) VALUES ('{id}', '{code}', '{key}', '{name}', '{name_key}', '{kind}', {up}, 'active', '{{}}', 1, {at}, {at})"));
        }
        for (id, up, code, name, kind) in territories {
            let (up, name_key) = (parent(up.map(|up| up.to_string())), name.to_lowercase());
            statements.push(format!("INSERT INTO territories (id, code, name, name_key, kind, parent_id, status, revision, created_at, updated_at) VALUES ('{id}', '{code}', '{name}', '{name_key}', '{kind}', {up}, 'active', 1, {at}, {at})"));
        }
        world.sql(move |tx| statements.iter().try_for_each(|sql| run(tx, sql).map(drop)));
        scene.account(world, scene.acme, "Acme Werkzeugbau GmbH", None);
        scene
    }

    /// Stores a customer account as it stands, without index keys.
    pub fn account(&self, world: &World, id: AccountId, name: &str, parent: Option<AccountId>) {
        let (at, key) = (world.now().micros(), name.to_lowercase());
        let parent = parent.map_or_else(|| "NULL".to_owned(), |parent| format!("'{parent}'"));
        let sql = format!(
            "INSERT INTO customer_accounts (id, number, name, name_key, parent_id, status, claim_seq, custom, revision, created_at, updated_at) \
             VALUES ('{id}', '{id}', '{name}', '{key}', {parent}, 'active', 0, '{{}}', 1, {at}, {at})"
        );
        world.sql(move |tx| run(tx, &sql));
    }

    /// Stores a partner that may register.
    pub fn partner(&self, world: &World) -> PartnerId {
        let (id, at) = (PartnerId::at(world.now()), world.now().micros());
        let sql = format!(
            "INSERT INTO partners (id, number, legal_name, name_key, trading_names, tax_ids, default_currency, time_zone, status, status_since, custom, legacy, revision, created_at, updated_at) \
             VALUES ('{id}', '{id}', 'Partner {id}', 'partner', '[]', '[]', 'EUR', 'UTC', 'onboarding', {at}, '{{}}', FALSE, 1, {at}, {at})"
        );
        world.sql(move |tx| run(tx, &sql));
        id
    }

    /// Stores a registration of that partner that was sent in now, in that state.
    pub fn deal(
        &self,
        world: &World,
        partner: PartnerId,
        account: AccountId,
        products: &[ProductId],
        territory: TerritoryId,
        status: &str,
    ) -> Made {
        let (deal, received_at) = (DealId::at(world.now()), world.now());
        let at = received_at.micros();
        let mut statements = vec![
            format!("UPDATE customer_accounts SET claim_seq = claim_seq + 1 WHERE id = '{account}'"),
            format!(
                "INSERT INTO deals (id, number, partner_id, title, title_key, deal_type, source, territory_id, customer_account_id, review_status, stage, received_at, seq, last_activity_at, legacy, custom, revision, created_at, updated_at) \
                 SELECT '{deal}', 'DR-TEST-' || '{deal}', '{partner}', 'Deal', 'deal', 'net_new', 'partner_sourced', '{territory}', '{account}', '{status}', 'prospect', {at}, claim_seq, {at}, FALSE, '{{}}', 1, {at}, {at} \
                 FROM customer_accounts WHERE id = '{account}'"
            ),
            format!(
                "INSERT INTO deal_details (deal_id, co_sell_needs, visibility, customer_consent, missing) VALUES ('{deal}', '[]', 'full', FALSE, '[]')"
            ),
        ];
        let line_status = if status == "approved" { "approved" } else { "pending" };
        for (position, product) in (1..).zip(products) {
            let line = openprm::kernel::ids::DealLineId::at(world.now());
            statements.push(format!(
                "INSERT INTO deal_lines (id, deal_id, position, product_id, quantity, received_at, seq, review_status, created_at, updated_at) \
                 SELECT '{line}', '{deal}', {position}, '{product}', 1, received_at, seq, '{line_status}', {at}, {at} FROM deals WHERE id = '{deal}'"
            ));
        }
        let seq = world.sql(move |tx| {
            statements.iter().try_for_each(|sql| run(tx, sql).map(drop))?;
            use diesel::{ExpressionMethods as _, QueryDsl as _};
            let seq: Option<i64> = openprm::schema::deals::table
                .filter(openprm::schema::deals::id.eq(deal))
                .select(openprm::schema::deals::seq)
                .first(tx.conn())?;
            Ok(seq.unwrap_or_default())
        });
        Made {
            deal,
            partner,
            place: QueuePlace { received_at, seq },
        }
    }

    /// The grant of such a scope to the registration, for 90 days from now on.
    pub fn grant(
        &self,
        made: Made,
        account: AccountId,
        products: &[ProductId],
        territory: TerritoryId,
        now: Time,
    ) -> Grant {
        Grant {
            deal_id: made.deal,
            partner_id: made.partner,
            decision_id: None,
            account_id: account,
            lines: products
                .iter()
                .map(|product| AskedLine {
                    product_id: *product,
                    place: Some(made.place),
                })
                .collect(),
            territory_id: territory,
            deal_type: DealType::NetNew,
            exclusive: true,
            starts_at: now,
            until: now.plus_days(90),
            legacy: false,
            overridden: None,
        }
    }

    /// A vendor's approver who sees everything.
    pub fn approver<'w>(&self, world: &'w World) -> Client<'w> {
        world.vendor_of(Role::Approver, Rows::All)
    }
}

/// Moves a registration with its lines to another state of its review: `approved` or `rejected`.
pub fn set_status(tx: &mut Tx<'_>, deal: DealId, status: &str) -> Result<()> {
    run(
        tx,
        &format!("UPDATE deal_lines SET review_status = '{status}' WHERE deal_id = '{deal}'"),
    )?;
    run(
        tx,
        &format!("UPDATE deals SET review_status = '{status}' WHERE id = '{deal}'"),
    )
    .map(drop)
}

/// How many pairs of active exclusive protections overlap: the invariant, asked without the code under test.
pub fn overlapping_pairs(world: &World) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Pairs {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        pairs: i64,
    }
    const SQL: &str = "SELECT COUNT(*) AS pairs FROM protections AS p JOIN protections AS q ON q.account_id = p.account_id AND q.id > p.id \
        WHERE p.status = 'active' AND q.status = 'active' AND p.exclusive AND q.exclusive \
        AND (p.deal_type_class = q.deal_type_class OR p.deal_type_class = 'any' OR q.deal_type_class = 'any') \
        AND p.starts_at < q.ends_at AND q.starts_at < p.ends_at \
        AND EXISTS (SELECT 1 FROM product_closure WHERE (ancestor_id = p.product_id AND descendant_id = q.product_id) OR (ancestor_id = q.product_id AND descendant_id = p.product_id)) \
        AND EXISTS (SELECT 1 FROM territory_closure WHERE (ancestor_id = p.territory_id AND descendant_id = q.territory_id) OR (ancestor_id = q.territory_id AND descendant_id = p.territory_id))";
    world.sql(|tx| Ok(diesel::sql_query(SQL).get_result::<Pairs>(tx.conn())?.pairs))
}
