-- The two trees that a deal's scope is measured by: products in lines, and territories.
-- The closure tables are kept by triggers (next migration); nobody else writes them.

CREATE TABLE products (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    code_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('line', 'product')),
    parent_id TEXT REFERENCES products (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    description TEXT,
    list_price_minor BIGINT CHECK (list_price_minor >= 0),
    list_price_currency TEXT CHECK (length(list_price_currency) = 3),
    custom TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((list_price_minor IS NULL) = (list_price_currency IS NULL)),
    CHECK (parent_id <> id)
);
CREATE INDEX products_parent ON products (parent_id, name_key, id);
CREATE INDEX products_name ON products (name_key, id);
CREATE INDEX products_created ON products (created_at, id);
CREATE INDEX products_updated ON products (updated_at, id);
CREATE INDEX products_kind_name ON products (kind, name_key, id);

CREATE TABLE product_closure (
    ancestor_id TEXT NOT NULL REFERENCES products (id),
    descendant_id TEXT NOT NULL REFERENCES products (id),
    depth BIGINT NOT NULL CHECK (depth >= 0),
    PRIMARY KEY (ancestor_id, descendant_id)
);
CREATE INDEX product_closure_descendant ON product_closure (descendant_id, ancestor_id);

-- Other names a product goes by in the files and systems that partners and the vendor send.
CREATE TABLE product_aliases (
    id TEXT NOT NULL PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES products (id),
    alias TEXT NOT NULL,
    alias_key TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE INDEX product_aliases_product ON product_aliases (product_id, id);

CREATE TABLE territories (
    id TEXT NOT NULL PRIMARY KEY,
    -- `WORLD`, `EMEA`, ISO 3166-1 `DE`, ISO 3166-2 `US-CA`, or the vendor's own.
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('world', 'region', 'country', 'subdivision', 'custom')),
    parent_id TEXT REFERENCES territories (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (parent_id <> id)
);
CREATE INDEX territories_parent ON territories (parent_id, name_key, id);
CREATE INDEX territories_name ON territories (name_key, id);
CREATE INDEX territories_created ON territories (created_at, id);
CREATE INDEX territories_updated ON territories (updated_at, id);

CREATE TABLE territory_closure (
    ancestor_id TEXT NOT NULL REFERENCES territories (id),
    descendant_id TEXT NOT NULL REFERENCES territories (id),
    depth BIGINT NOT NULL CHECK (depth >= 0),
    PRIMARY KEY (ancestor_id, descendant_id)
);
CREATE INDEX territory_closure_descendant ON territory_closure (descendant_id, ancestor_id);

CREATE TABLE user_territories (
    user_id TEXT NOT NULL REFERENCES users (id),
    territory_id TEXT NOT NULL REFERENCES territories (id),
    PRIMARY KEY (user_id, territory_id)
);
CREATE INDEX user_territories_territory ON user_territories (territory_id, user_id);
