//! Which records a file is attached to, and who may attach and remove it.

use super::{
    model::{AttachedResource, Attachment, NewAttachment},
    queries::{self, AttachmentRow},
};
use crate::{
    db::Tx,
    deals::{
        appeals::{self, DealAppealStatus},
        outcomes, registrations,
    },
    error::{Error, Result, codes},
    kernel::{
        ids::{DealId, FileId, PartnerId},
        states::guard,
    },
};

/// What is attached to a record that the caller was found to see.
///
/// # Errors
/// What the database reports.
pub fn attached_to(tx: &mut Tx<'_>, resource: AttachedResource, id: &str) -> Result<Vec<Attachment>> {
    queries::of_record(tx, resource, id)
}

fn unknown() -> Error {
    Error::unknown_reference("#/resource_id", "There is no such record, or you may not see it.")
}

/// The partner of the record, if the caller may write it.
fn owner(tx: &mut Tx<'_>, resource: AttachedResource, id: &str) -> Result<PartnerId> {
    let deal: Result<DealId> = match resource {
        AttachedResource::Deal => id.parse().map_err(|_malformed| unknown()),
        AttachedResource::DealAppeal => {
            let appeal = id.parse().map_err(|_malformed| unknown())?;
            appeals::find(tx, appeal).map(|appeal| appeal.deal_id)
        }
        AttachedResource::DealEvidence => {
            let evidence = id.parse().map_err(|_malformed| unknown())?;
            outcomes::find_evidence(tx, evidence).map(|(evidence, _)| evidence.deal_id)
        }
    };
    let found = deal.and_then(|deal| registrations::find(tx, deal));
    let registration = found.map_err(|error| error.when(&codes::NOT_FOUND, unknown))?;
    registrations::may_write(tx.caller(), &registration)?;
    Ok(registration.deal.partner_id)
}

/// Attaches a file that the caller reads to a record that it was found to write, which names it at `pointer`. Nothing happens
/// if it is attached there already.
///
/// # Errors
/// 409 `unknown_reference` for a file that the caller does not see, or whose content is gone.
pub fn attach_to(
    tx: &mut Tx<'_>,
    (file, pointer): (FileId, &str),
    (resource, id): (AttachedResource, &str),
    partner: PartnerId,
) -> Result<()> {
    if queries::is_attached_to(tx, file, resource, id)? {
        return Ok(());
    }
    let row = attached(tx, (file, pointer), (resource, id), partner)?;
    queries::attach(tx, row).map(drop)
}

fn attached(
    tx: &mut Tx<'_>,
    (file, pointer): (FileId, &str),
    (resource, id): (AttachedResource, &str),
    partner_id: PartnerId,
) -> Result<AttachmentRow> {
    let file = queries::find(tx, file).map_err(|error| {
        error.when(&codes::NOT_FOUND, || {
            Error::unknown_reference(pointer, "There is no such file, or it is not yours to show.")
        })
    })?;
    if file.object_key.is_none() {
        return Err(Error::unknown_reference(
            pointer,
            "The content of the file is not there any more.",
        ));
    }
    let now = tx.now;
    Ok(AttachmentRow {
        id: tx.new_id(),
        file_id: file.id,
        resource_type: resource,
        resource_id: id.to_owned(),
        partner_id,
        attached_by: tx.caller().actor_text(),
        revision: 1,
        created_at: now,
        updated_at: now,
    })
}

/// Attaches a file that the caller reads to a record that it writes.
///
/// # Errors
/// 409 `unknown_reference` for a file or record that the caller does not see; 409 `already_exists`; 409 `guard_failed` for an
/// appeal that was decided; 403 for who may only read.
pub fn attach(tx: &mut Tx<'_>, new: &NewAttachment) -> Result<Attachment> {
    let partner = owner(tx, new.resource_type, &new.resource_id)?;
    if new.resource_type == AttachedResource::DealAppeal
        && let Ok(id) = new.resource_id.parse()
    {
        let status = appeals::find(tx, id)?.status;
        if status != DealAppealStatus::Open {
            let detail = "The appeal was decided or taken back; what is shown now changes nothing.";
            return Err(Error::guards(
                status,
                "attach",
                vec![guard("appeal_open", "#/resource_id", detail)],
            ));
        }
    }
    let record = (new.resource_type, new.resource_id.as_str());
    let row = attached(tx, (new.file_id, "#/file_id"), record, partner)?;
    queries::attach(tx, row)
}

/// Removes an attachment from a record that the caller writes.
///
/// # Errors
/// 403 for who may only read the record; 409 `guard_failed` for what an appeal or a piece of evidence rests on.
pub fn detach(tx: &mut Tx<'_>, attachment: &Attachment) -> Result<()> {
    owner(tx, attachment.resource_type, &attachment.resource_id)?;
    if rests_on(tx, attachment)? {
        let detail = "What was shown with an appeal, or as a piece of evidence, stays with the record.";
        return Err(Error::guards(
            "attached",
            "detach",
            vec![guard("not_shown", "#/resource_type", detail)],
        ));
    }
    queries::detach(tx, attachment)
}

fn rests_on(tx: &mut Tx<'_>, attachment: &Attachment) -> Result<bool> {
    match attachment.resource_type {
        AttachedResource::Deal => Ok(false),
        AttachedResource::DealAppeal => Ok(true),
        AttachedResource::DealEvidence => {
            let id = attachment.resource_id.parse().map_err(|_malformed| unknown())?;
            let (evidence, _) = outcomes::find_evidence(tx, id)?;
            Ok(evidence.verified_at.is_some() || evidence.file_id == Some(attachment.file_id))
        }
    }
}

/// Removes everything that is attached to a record that goes. The files stay.
///
/// # Errors
/// What the database reports.
pub fn detach_all(tx: &mut Tx<'_>, resource: AttachedResource, id: &str) -> Result<()> {
    for attachment in queries::of_record(tx, resource, id)? {
        queries::detach(tx, &attachment)?;
    }
    Ok(())
}
