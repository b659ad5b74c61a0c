//! One function per operation: take, call, answer.

use actix_web::{delete, get, post};

use super::{
    model::{DomainFilter, DomainMethod, DomainPath, DomainStatus, NewPartnerDomain, PartnerDomain},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    error::{Error, codes},
    http::{Created, IfMatch, IfMatchIfSent, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners,
};

/// List the domains of a partner
///
/// What it claims, has and had, the first claimed first.
#[utoipa::path(params(PartnerId, DomainFilter, Paging))]
#[get("/{id}/domains")]
pub async fn list_partner_domains(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    filter: Query<DomainFilter>,
    paging: Paging,
) -> Reply<Page<PartnerDomain>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        queries::page(tx, id.0, &filter.0, &paging)
    })
    .await
}

/// Claim a domain for a partner
///
/// Puts the registrable domain on the partner's list. It counts once the vendor has verified it. Domains that many
/// parties share, as those of free mailboxes, are refused.
#[utoipa::path(params(PartnerId), extensions(("x-errors" = json!(["guard_failed", "already_exists", "invalid_state"]))))]
#[post("/{id}/domains")]
pub async fn add_partner_domain(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    new: Json<NewPartnerDomain>,
) -> Reply<Created<PartnerDomain>> {
    db.write(&caller, move |tx| {
        let status = partners::status(tx, id.0)?;
        if !status.is_live() {
            return Err(Error::invalid_state(
                status,
                "add_domain",
                partners::MACHINE.allowed(status),
            ));
        }
        let domain = rules::own(&new.0.domain, "#/domain")?;
        let known = queries::of_partner(tx, id.0, &domain)?;
        if known.is_some_and(|known| known.status != DomainStatus::Released) {
            return Err(Error::new(&codes::ALREADY_EXISTS).fault(
                "#/domain",
                "already_exists",
                "The partner has this domain on its list.",
            ));
        }
        queries::claim(tx, id.0, &domain, None).map(Created)
    })
    .await
}

/// Read a domain of a partner
///
/// Whether it is the partner's own, and since when.
#[utoipa::path(params(DomainPath))]
#[get("/{id}/domains/{domain_id}")]
pub async fn get_partner_domain(db: Db, caller: Caller, path: Path<DomainPath>) -> Reply<Json<PartnerDomain>> {
    db.read(&caller, move |tx| {
        queries::find(tx, path.0.id, path.0.domain_id).map(Json)
    })
    .await
}

/// Verify a domain of a partner
///
/// The vendor vouches that the domain is the partner's own. From then on no other live partner can have it.
#[utoipa::path(params(DomainPath, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "duplicate_partner"]))))]
#[post("/{id}/domains/{domain_id}/verify")]
pub async fn verify_partner_domain(
    db: Db,
    caller: Caller,
    path: Path<DomainPath>,
    seen: IfMatch,
) -> Reply<Json<PartnerDomain>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, path.0.id, path.0.domain_id)?;
        seen.check(before.revision)?;
        if before.status != DomainStatus::Pending {
            return Err(Error::invalid_state(before.status, "verify", vec![]));
        }
        let after = before.clone().verified(DomainMethod::Vendor, tx.now);
        queries::save(tx, &before, after, "partner_domain.verified").map(Json)
    })
    .await
}

/// Release a domain of a partner
///
/// The domain is no longer the partner's. One that was never verified leaves the list.
#[utoipa::path(params(DomainPath, IfMatch), extensions(("x-errors" = json!(["invalid_state"]))))]
#[delete("/{id}/domains/{domain_id}")]
pub async fn release_partner_domain(db: Db, caller: Caller, path: Path<DomainPath>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let domain = queries::find(tx, path.0.id, path.0.domain_id)?;
        seen.check(domain.revision)?;
        match domain.status {
            DomainStatus::Pending => queries::remove(tx, &domain)?,
            DomainStatus::Verified => drop(queries::save(
                tx,
                &domain,
                domain.clone().released(tx.now),
                "partner_domain.released",
            )?),
            DomainStatus::Released => return Err(Error::invalid_state(domain.status, "release", vec![])),
        }
        Ok(NoContent)
    })
    .await
}
