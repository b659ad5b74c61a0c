DROP TABLE user_territories;
DROP TABLE territory_closure;
DROP TABLE territories;
DROP TABLE product_aliases;
DROP TABLE product_closure;
DROP TABLE products;
