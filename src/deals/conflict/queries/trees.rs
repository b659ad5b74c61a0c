//! The parts of the two trees that a check looks at: the nodes asked for and held with what is above them, and the
//! children of the nodes in which a narrower scope may be looked for. Three queries a tree.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::{
    db::{Tx, among},
    deals::conflict::rules::Tree,
    error::Result,
    kernel::ids::{ProductId, TerritoryId},
    schema::{product_closure, products, territories, territory_closure},
};

/// The parts of the two trees that were read for checks before, by what was asked for and what is held: in one transaction most
/// checks look at the same parts, and it changes neither tree.
#[derive(Debug, Default)]
pub struct Trees {
    products: Parts<ProductId>,
    territories: Parts<TerritoryId>,
}

type Parts<I> = BTreeMap<(BTreeSet<I>, BTreeSet<I>), Tree<I>>;

impl Trees {
    /// The part of the product tree between what is asked for and what is held.
    ///
    /// # Errors
    /// What the database reports.
    pub fn products(
        &mut self,
        tx: &mut Tx<'_>,
        asked: BTreeSet<ProductId>,
        held: BTreeSet<ProductId>,
    ) -> Result<Tree<ProductId>> {
        once(&mut self.products, tx, asked, held, products)
    }

    /// The part of the territory tree between what is asked for and what is held.
    ///
    /// # Errors
    /// What the database reports.
    pub fn territories(
        &mut self,
        tx: &mut Tx<'_>,
        asked: BTreeSet<TerritoryId>,
        held: BTreeSet<TerritoryId>,
    ) -> Result<Tree<TerritoryId>> {
        once(&mut self.territories, tx, asked, held, territories)
    }
}

/// The part that was read before, or else what `read` finds, which is kept.
fn once<I: Copy + Ord>(
    parts: &mut Parts<I>,
    tx: &mut Tx<'_>,
    asked: BTreeSet<I>,
    held: BTreeSet<I>,
    read: impl FnOnce(&mut Tx<'_>, &BTreeSet<I>, &BTreeSet<I>) -> Result<Tree<I>>,
) -> Result<Tree<I>> {
    let part = (asked, held);
    if let Some(known) = parts.get(&part) {
        return Ok(known.clone());
    }
    let found = read(tx, &part.0, &part.1)?;
    parts.insert(part, found.clone());
    Ok(found)
}

/// The nodes in which a narrower scope may be looked for: those asked for, and those on the way down to what is held.
fn forks<I: Copy + Ord>(tree: &Tree<I>, asked: &BTreeSet<I>, held: &BTreeSet<I>) -> Vec<I> {
    let mut forks = BTreeSet::new();
    for node in held {
        let above = tree.above.get(node).map_or(&[][..], Vec::as_slice);
        for (index, upper) in above.iter().enumerate() {
            if asked.contains(upper) {
                // The way from the node asked for, down to the one above what is held.
                forks.extend(above.iter().take(index + 1).copied());
            }
        }
    }
    forks.into_iter().collect()
}

fn grown<I: Copy + Ord>(tree: &mut Tree<I>, children: Vec<(I, Option<I>, String)>) {
    for (child, parent, label) in children {
        let Some(parent) = parent else { continue };
        let mut above = vec![parent];
        above.extend(tree.above.get(&parent).into_iter().flatten().copied());
        tree.above.insert(child, above);
        tree.labels.insert(child, label);
        tree.below.entry(parent).or_default().push(child);
    }
}

macro_rules! load_tree {
    ($tx:expr, $id:ty, $nodes:ident, $closure:ident, $asked:expr, $held:expr) => {{
        let (asked, held): (&BTreeSet<$id>, &BTreeSet<$id>) = ($asked, $held);
        let involved: Vec<$id> = asked.union(held).copied().collect();
        let rows: Vec<($id, $id)> = $closure::table
            .filter($closure::descendant_id.eq_any(among(&involved)))
            .filter($closure::depth.gt(0))
            .order(($closure::descendant_id, $closure::depth))
            .select(($closure::descendant_id, $closure::ancestor_id))
            .load($tx.conn())?;
        let mut tree: Tree<$id> = Tree::default();
        for (node, ancestor) in rows {
            tree.above.entry(node).or_default().push(ancestor);
        }
        let paths: BTreeMap<$id, Vec<$id>> = tree.above.clone();
        for above in paths.values() {
            for (index, node) in above.iter().enumerate() {
                tree.above
                    .entry(*node)
                    .or_insert_with(|| above.iter().skip(index + 1).copied().collect());
            }
        }
        let mut known: BTreeSet<$id> = involved.into_iter().collect();
        known.extend(tree.above.values().flatten().copied());
        let known: Vec<$id> = known.into_iter().collect();
        let labels: Vec<($id, String)> = $nodes::table
            .filter($nodes::id.eq_any(among(&known)))
            .select(($nodes::id, $nodes::name))
            .load($tx.conn())?;
        tree.labels.extend(labels);
        let forks: Vec<Option<$id>> = forks(&tree, asked, held).into_iter().map(Some).collect();
        if !forks.is_empty() {
            let children: Vec<($id, Option<$id>, String)> = $nodes::table
                .filter($nodes::parent_id.eq_any(among(&forks)))
                .filter($nodes::status.eq("active"))
                .order(($nodes::name_key, $nodes::id))
                .select(($nodes::id, $nodes::parent_id, $nodes::name))
                .load($tx.conn())?;
            grown(&mut tree, children);
        }
        Ok(tree)
    }};
}

/// The part of the product tree between what is asked for and what is held.
///
/// # Errors
/// What the database reports.
pub fn products(tx: &mut Tx<'_>, asked: &BTreeSet<ProductId>, held: &BTreeSet<ProductId>) -> Result<Tree<ProductId>> {
    load_tree!(tx, ProductId, products, product_closure, asked, held)
}

/// The part of the territory tree between what is asked for and what is held.
///
/// # Errors
/// What the database reports.
pub fn territories(
    tx: &mut Tx<'_>,
    asked: &BTreeSet<TerritoryId>,
    held: &BTreeSet<TerritoryId>,
) -> Result<Tree<TerritoryId>> {
    load_tree!(tx, TerritoryId, territories, territory_closure, asked, held)
}
