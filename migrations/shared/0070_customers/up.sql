-- End customers, and what the vendor itself holds on them.

CREATE TABLE customer_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    website TEXT,
    -- The registrable domain, folded; others of the same customer are aliases.
    domain TEXT,
    registration_number TEXT,
    registration_authority TEXT,
    registration_key TEXT,
    phone TEXT,
    street TEXT,
    city TEXT,
    region TEXT,
    postal_code TEXT,
    country TEXT CHECK (length(country) = 2),
    parent_id TEXT REFERENCES customer_accounts (id),
    industry TEXT,
    employees BIGINT CHECK (employees >= 0),
    annual_revenue_minor BIGINT,
    annual_revenue_currency TEXT CHECK (length(annual_revenue_currency) = 3),
    founded_year BIGINT,
    territory_id TEXT REFERENCES territories (id),
    -- The vendor's own representative.
    owner_id TEXT REFERENCES users (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'merged')),
    merged_into_id TEXT REFERENCES customer_accounts (id),
    -- The last `seq` given to a submission; raised under the lock on this row.
    claim_seq BIGINT NOT NULL CHECK (claim_seq >= 0),
    custom TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((registration_number IS NULL) = (registration_key IS NULL)),
    CHECK ((annual_revenue_minor IS NULL) = (annual_revenue_currency IS NULL)),
    CHECK ((status = 'merged') = (merged_into_id IS NOT NULL)),
    CHECK (parent_id <> id),
    CHECK (merged_into_id <> id)
);
CREATE INDEX customer_accounts_name ON customer_accounts (name_key, id);
CREATE INDEX customer_accounts_created ON customer_accounts (created_at, id);
CREATE INDEX customer_accounts_updated ON customer_accounts (updated_at, id);
CREATE INDEX customer_accounts_domain ON customer_accounts (domain, id);
CREATE INDEX customer_accounts_registration ON customer_accounts (registration_key, id);
CREATE INDEX customer_accounts_parent ON customer_accounts (parent_id, name_key, id);
CREATE INDEX customer_accounts_merged_into ON customer_accounts (merged_into_id);
CREATE INDEX customer_accounts_territory ON customer_accounts (territory_id, created_at, id);
CREATE INDEX customer_accounts_owner ON customer_accounts (owner_id, created_at, id);
CREATE INDEX customer_accounts_country ON customer_accounts (country, name_key, id);
CREATE INDEX customer_accounts_status ON customer_accounts (status, created_at, id);

-- What candidates are found by: one row for each key of each name, domain, number and address of an account, written
-- with the account. A search reads each key only so far as it is selective, so no counts need to be kept.
CREATE TABLE account_keys (
    kind TEXT NOT NULL CHECK (kind IN (
        'external_id', 'registration_number', 'domain', 'email_domain', 'name', 'phone', 'address', 'name_token', 'name_pair',
        'acronym', 'name_sound')),
    key TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    PRIMARY KEY (kind, key, account_id)
);
CREATE INDEX account_keys_account ON account_keys (account_id, kind, key);

-- What else the customer is known by. Merges keep here what the account that went was known by.
CREATE TABLE account_aliases (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('trading_name', 'former_name', 'local_name', 'acronym', 'domain', 'email_domain', 'phone', 'registration', 'address')),
    value TEXT NOT NULL,
    value_key TEXT NOT NULL,
    -- A registration's authority, or an address in its parts.
    detail TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, kind, value_key)
);
CREATE INDEX account_aliases_value ON account_aliases (kind, value_key, account_id);
CREATE INDEX account_aliases_created ON account_aliases (account_id, created_at, id);

-- A merge or a split: planned and shown, then done, and undone from what it noted.
CREATE TABLE account_merges (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('merge', 'split')),
    -- Merge: the account that stays. Split: the account that gives.
    survivor_id TEXT NOT NULL REFERENCES customer_accounts (id),
    -- Merge: the account that goes. Split: the account that takes.
    other_id TEXT REFERENCES customer_accounts (id),
    undoes_id TEXT REFERENCES account_merges (id),
    status TEXT NOT NULL CHECK (status IN ('planned', 'executed', 'undone', 'cancelled')),
    plan TEXT NOT NULL,
    -- The rows that moved, with what they held before.
    effects TEXT,
    reason TEXT NOT NULL,
    planned_by TEXT NOT NULL,
    executed_by TEXT,
    executed_at BIGINT,
    undone_by TEXT,
    undone_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (survivor_id <> other_id),
    CHECK (status NOT IN ('executed', 'undone') OR executed_at IS NOT NULL),
    CHECK ((status = 'undone') = (undone_at IS NOT NULL))
);
CREATE INDEX account_merges_survivor ON account_merges (survivor_id, created_at, id);
CREATE INDEX account_merges_other ON account_merges (other_id, created_at, id);
CREATE INDEX account_merges_undoes ON account_merges (undoes_id);
CREATE INDEX account_merges_created ON account_merges (created_at, id);
CREATE INDEX account_merges_status ON account_merges (status, created_at, id);

-- The vendor's own pipeline. Without a product or territory it stands for all of them.
CREATE TABLE direct_opportunities (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    product_id TEXT REFERENCES products (id),
    territory_id TEXT REFERENCES territories (id),
    deal_type TEXT NOT NULL CHECK (deal_type IN ('net_new', 'expansion', 'renewal')),
    status TEXT NOT NULL CHECK (status IN ('open', 'won', 'lost')),
    stage TEXT NOT NULL,
    amount_minor BIGINT CHECK (amount_minor >= 0),
    amount_currency TEXT CHECK (length(amount_currency) = 3),
    expected_close_on TEXT CHECK (length(expected_close_on) = 10),
    owner_id TEXT REFERENCES users (id),
    owner_name TEXT,
    -- When the vendor's CRM first knew of it.
    opened_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    closed_at BIGINT,
    custom TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((amount_minor IS NULL) = (amount_currency IS NULL)),
    CHECK ((status = 'open') = (closed_at IS NULL))
);
CREATE INDEX direct_opportunities_account ON direct_opportunities (account_id, status, last_activity_at, id);
CREATE INDEX direct_opportunities_account_created ON direct_opportunities (account_id, created_at, id);
CREATE INDEX direct_opportunities_product ON direct_opportunities (product_id, created_at, id);
CREATE INDEX direct_opportunities_territory ON direct_opportunities (territory_id, created_at, id);
CREATE INDEX direct_opportunities_owner ON direct_opportunities (owner_id, created_at, id);
CREATE INDEX direct_opportunities_created ON direct_opportunities (created_at, id);
CREATE INDEX direct_opportunities_updated ON direct_opportunities (updated_at, id);
CREATE INDEX direct_opportunities_title ON direct_opportunities (title_key, id);
CREATE INDEX direct_opportunities_status ON direct_opportunities (status, created_at, id);
CREATE INDEX direct_opportunities_activity ON direct_opportunities (last_activity_at, id);

-- House accounts: customers that the vendor serves itself. Without a product or territory: all of them.
CREATE TABLE named_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    product_id TEXT REFERENCES products (id),
    territory_id TEXT REFERENCES territories (id),
    starts_on TEXT NOT NULL CHECK (length(starts_on) = 10),
    -- The first day on which it is one no longer.
    ends_on TEXT CHECK (length(ends_on) = 10),
    owner_id TEXT REFERENCES users (id),
    reason TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (ends_on >= starts_on)
);
CREATE INDEX named_accounts_account ON named_accounts (account_id, created_at, id);
CREATE INDEX named_accounts_product ON named_accounts (product_id, created_at, id);
CREATE INDEX named_accounts_territory ON named_accounts (territory_id, created_at, id);
CREATE INDEX named_accounts_owner ON named_accounts (owner_id, created_at, id);
CREATE INDEX named_accounts_created ON named_accounts (created_at, id);
CREATE INDEX named_accounts_updated ON named_accounts (updated_at, id);

-- Which customer already has which product.
CREATE TABLE installed_base (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    product_id TEXT NOT NULL REFERENCES products (id),
    territory_id TEXT REFERENCES territories (id),
    since_on TEXT CHECK (length(since_on) = 10),
    -- The first day on which the customer has it no longer.
    ends_on TEXT CHECK (length(ends_on) = 10),
    quantity BIGINT CHECK (quantity > 0),
    -- Who sold it, where known.
    partner_id TEXT REFERENCES partners (id),
    source TEXT NOT NULL CHECK (source IN ('import', 'manual', 'deal')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (ends_on >= since_on)
);
CREATE INDEX installed_base_account ON installed_base (account_id, created_at, id);
CREATE INDEX installed_base_product ON installed_base (product_id, created_at, id);
CREATE INDEX installed_base_territory ON installed_base (territory_id, created_at, id);
CREATE INDEX installed_base_partner ON installed_base (partner_id, created_at, id);
CREATE INDEX installed_base_created ON installed_base (created_at, id);
CREATE INDEX installed_base_updated ON installed_base (updated_at, id);
