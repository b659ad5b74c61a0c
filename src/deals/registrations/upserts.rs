//! A registration as another system has it, put at that system's id.
//!
//! A merge patch: what is left out stays, null empties. What the other system says of the stage is no field but an act: it goes
//! the way of a person's move, win or loss, under the same rules.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    decisions::DealStageMove,
    requests::{DealCustomerPatch, DealPatch, NewDeal, NewDealContact, NewDealCustomer, NewDealLine, NewDealSite},
    reviews,
    rows::Registration,
    states::{DealSource, DealStage, DealType, DealVisibility},
};
use crate::{
    custom_fields::CustomFieldsPatch,
    db::Tx,
    deals::outcomes::{self, DealEvidenceKind, DealLoss, DealWin, NewDealEvidence},
    error::{Error, Fault, Result},
    http::{IfMatch, batch::BatchData},
    kernel::{Date, Money, Patch, ids::PartnerId},
    references::ExternalRef,
};

/// What another system says of a registration. What is left out stays as it is, null empties; lists are replaced as a whole,
/// but for `external_refs`, which are added. A new registration needs a `title`, the vendor's callers name its partner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealUpsert {
    /// The partner it is for, of a new registration: callers of a partner may leave it out, it is theirs. It never changes.
    #[schema(example = json!(null))]
    pub partner_id: Option<PartnerId>,
    /// What it is about, in a line.
    #[schema(
        example = "Acme: firewalls for 40 branches",
        min_length = 1,
        max_length = 255,
        nullable = false
    )]
    pub title: Option<String>,
    /// The customer's need.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Acme replaces the firewalls of its branches.", min_length = 1, max_length = 4000)]
    pub description: Patch<String>,
    /// What kind of business it is; of a new one `net_new` if left out.
    #[schema(nullable = false)]
    pub deal_type: Option<DealType>,
    /// Where it came from; of a new one `partner_sourced` if left out.
    #[schema(nullable = false)]
    pub source: Option<DealSource>,
    /// The customer, or changes of it; null takes it out.
    #[serde(default)]
    #[schema(value_type = Option<DealCustomerPatch>)]
    pub customer: Patch<DealCustomerPatch>,
    /// The territory: its code, or its id.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "DE", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    pub territory: Patch<String>,
    /// The products, all of them.
    #[schema(max_items = 100, nullable = false)]
    pub lines: Option<Vec<NewDealLine>>,
    /// What the deal is expected to bring.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub amount: Patch<Money>,
    /// When the customer is expected to buy.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub expected_close_on: Patch<Date>,
    /// What happens next.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Offer by Friday.", min_length = 1, max_length = 255)]
    pub next_step: Patch<String>,
    /// Who else the customer looks at.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Northwall", min_length = 1, max_length = 255)]
    pub competitor: Patch<String>,
    /// What the partner wants of the vendor, all of it.
    #[schema(max_items = 20, example = json!(["technical_consultation"]), nullable = false)]
    pub co_sell_needs: Option<Vec<String>>,
    /// Which of the vendor's people may work with it; of a new one `full` if left out.
    #[schema(nullable = false)]
    pub visibility: Option<DealVisibility>,
    /// Whether the customer agreed that the partner names it.
    #[schema(example = true, nullable = false)]
    pub customer_consent: Option<bool>,
    /// People at the customer, all of them.
    #[schema(max_items = 50, nullable = false)]
    pub contacts: Option<Vec<NewDealContact>>,
    /// Places of the customer, all of them.
    #[schema(max_items = 100, nullable = false)]
    pub sites: Option<Vec<NewDealSite>>,
    /// Custom fields: null empties one.
    #[schema(nullable = false)]
    pub custom: Option<CustomFieldsPatch>,
    /// What other systems call it: these are added to those that it has.
    #[schema(max_items = 20, example = json!([]), nullable = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
    /// Where the sale stands. Another open stage moves it, `won` reports the win and `closed_lost` the loss, each as its own
    /// operation does. What a program reports of the vendor is a proposal, which a person confirms.
    #[schema(example = json!(null))]
    pub stage: Option<DealStage>,
    /// With `stage` `won`: the report of the win. Left out by a program of the vendor, the evidence is this external id.
    #[schema(example = json!(null))]
    pub win: Option<DealWin>,
    /// With `stage` `closed_lost`: the report of the loss.
    #[schema(example = json!(null))]
    pub loss: Option<DealLoss>,
}

impl BatchData for DealUpsert {
    const RECORD: &'static str = "Deal";
    const ID: &'static str = "deal_01jdq4p6c8f3kb2v9y0s7x5ham";
    const SUBMITS: bool = true;
}

/// What another system says of a registration, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The partner it is for.
    pub partner_id: Option<PartnerId>,
    /// The fields.
    pub patch: DealPatch,
    /// Where the sale stands.
    pub sale: Option<Sale>,
}

/// Where another system says that a sale stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sale {
    /// It goes on in that stage.
    Open(DealStage),
    /// Sold.
    Won(DealWin),
    /// Not sold.
    Lost(DealLoss),
}

impl DealUpsert {
    /// The parts that go different ways.
    ///
    /// # Errors
    /// 409 `contradiction` for a report that does not go with the stage.
    pub fn parts(self) -> Result<Said> {
        let wrong = |field: &str, detail: &str| Error::contradicts(field, "contradiction", detail.to_owned());
        let sale = match (self.stage, self.win, self.loss) {
            (None, None, None) => None,
            (Some(DealStage::WON), win, None) => Some(Sale::Won(win.unwrap_or_default())),
            (Some(DealStage::CLOSED_LOST), None, Some(loss)) => Some(Sale::Lost(loss)),
            (Some(DealStage::CLOSED_LOST), None, None) => {
                return Err(wrong(
                    "#/loss",
                    "A sale is lost for a reason: send `loss` with its `reason_code`.",
                ));
            }
            (Some(stage), None, None) => Some(Sale::Open(stage)),
            (_, Some(_), _) => return Err(wrong("#/win", "`win` goes with the stage `won`, and without `loss`.")),
            (_, None, Some(_)) => return Err(wrong("#/loss", "`loss` goes with the stage `closed_lost`.")),
        };
        let patch = DealPatch {
            title: self.title,
            description: self.description,
            deal_type: self.deal_type,
            source: self.source,
            customer: self.customer,
            territory: self.territory,
            lines: self.lines,
            amount: self.amount,
            expected_close_on: self.expected_close_on,
            next_step: self.next_step,
            competitor: self.competitor,
            co_sell_needs: self.co_sell_needs,
            visibility: self.visibility,
            customer_consent: self.customer_consent,
            contacts: self.contacts,
            sites: self.sites,
            custom: self.custom,
            external_refs: self.external_refs,
        };
        Ok(Said {
            partner_id: self.partner_id,
            patch,
            sale,
        })
    }
}

fn sent<T>(patch: Patch<T>) -> Option<T> {
    patch.apply(None)
}

/// A new registration of these fields.
///
/// # Errors
/// 409 `contradiction` naming what a new one needs and these lack.
pub fn new_deal(partner_id: Option<PartnerId>, patch: DealPatch) -> Result<NewDeal> {
    let mut lacking = Vec::new();
    let mut needed = |value: Option<String>, pointer: &str| {
        value.unwrap_or_else(|| {
            lacking.push(Fault {
                pointer: pointer.to_owned(),
                code: "required".into(),
                detail: "There is no such registration yet, and a new one needs it.".to_owned(),
            });
            String::new()
        })
    };
    let title = needed(patch.title, "#/title");
    let customer = sent(patch.customer).map(|new| NewDealCustomer {
        name: needed(new.name, "#/customer/name"),
        website: sent(new.website),
        registration_number: sent(new.registration_number),
        registration_authority: sent(new.registration_authority),
        phone: sent(new.phone),
        email: sent(new.email),
        street: sent(new.street),
        city: sent(new.city),
        region: sent(new.region),
        postal_code: sent(new.postal_code),
        country: sent(new.country),
    });
    if !lacking.is_empty() {
        return Err(Error::contradiction(lacking));
    }
    Ok(NewDeal {
        partner_id,
        title,
        description: sent(patch.description),
        deal_type: patch.deal_type,
        source: patch.source,
        customer,
        territory: sent(patch.territory),
        lines: patch.lines.unwrap_or_default(),
        amount: sent(patch.amount),
        expected_close_on: sent(patch.expected_close_on),
        next_step: sent(patch.next_step),
        competitor: sent(patch.competitor),
        co_sell_needs: patch.co_sell_needs.unwrap_or_default(),
        visibility: patch.visibility,
        customer_consent: patch.customer_consent.unwrap_or_default(),
        contacts: patch.contacts.unwrap_or_default(),
        sites: patch.sites.unwrap_or_default(),
        custom: patch.custom.unwrap_or_default().set(),
        external_refs: patch.external_refs.unwrap_or_default(),
    })
}

impl Sale {
    /// Whether it is over, which is decided under the lock of the customer's account.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Won(_) | Self::Lost(_))
    }

    const fn stage(&self) -> DealStage {
        match self {
            Self::Open(stage) => *stage,
            Self::Won(_) => DealStage::WON,
            Self::Lost(_) => DealStage::CLOSED_LOST,
        }
    }

    /// Brings the sale there, if it is not there: by the rules that hold for a person.
    ///
    /// # Errors
    /// As `moveDealStage`, `winDeal` and `loseDeal`.
    pub fn reach(
        self,
        tx: &mut Tx<'_>,
        registration: Registration,
        reference: Option<&ExternalRef>,
    ) -> Result<Registration> {
        let deal = &registration.deal;
        if deal.stage == self.stage() {
            return Ok(registration);
        }
        match self {
            Self::Open(stage) => {
                let change = DealStageMove { stage, next_step: None };
                reviews::move_stage(tx, deal.id, IfMatch(None), &change)
            }
            Self::Won(win) => {
                let win = proposed(tx, &registration, win, reference);
                outcomes::win(tx, deal.id, IfMatch(None), &win)
            }
            Self::Lost(loss) => outcomes::lose(tx, deal.id, IfMatch(None), &loss),
        }
    }
}

/// The report of a win with its evidence: a program of the vendor that shows none shows its own record, which is closed as won.
fn proposed(tx: &Tx<'_>, registration: &Registration, win: DealWin, reference: Option<&ExternalRef>) -> DealWin {
    let caller = tx.caller();
    let (Some(reference), true) = (reference, caller.is_vendor() && caller.user().is_none()) else {
        return win;
    };
    if !win.evidence.is_empty() {
        return win;
    }
    let record = NewDealEvidence {
        kind: DealEvidenceKind::Other,
        reference: reference.id.chars().take(200).collect(),
        issued_on: win.closed_on,
        amount: win.amount.or_else(|| registration.deal.amount()),
        file_id: None,
        note: Some(format!("Closed as won in {}.", reference.system)),
    };
    DealWin {
        evidence: vec![record],
        ..win
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(value: Value) -> Result<Said> {
        serde_json::from_value::<DealUpsert>(value).unwrap().parts()
    }

    #[test]
    fn what_is_left_out_null_and_a_value_are_told_apart() {
        let patch = said(json!({"amount": null, "next_step": "Call"})).unwrap().patch;
        assert_eq!(patch.amount, Patch::Clear);
        assert_eq!(patch.next_step, Patch::Set("Call".to_owned()));
        assert_eq!(patch.competitor, Patch::Keep);
    }

    #[test]
    fn a_new_registration_names_all_that_it_lacks() {
        let patch = said(json!({"customer": {"website": "https://acme.example"}}))
            .unwrap()
            .patch;
        let error = new_deal(None, patch).unwrap_err();
        let pointers: Vec<&str> = error.all_faults().iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["#/title", "#/customer/name"]);
        let patch = said(json!({"title": "Acme", "amount": null})).unwrap().patch;
        assert_eq!(new_deal(None, patch).unwrap().amount, None);
    }

    #[test]
    fn an_end_comes_with_its_report() {
        assert!(matches!(
            said(json!({"stage": "won"})).unwrap().sale,
            Some(Sale::Won(_))
        ));
        assert_eq!(
            said(json!({"stage": "qualified"})).unwrap().sale,
            Some(Sale::Open(DealStage::QUALIFIED))
        );
        for wrong in [
            json!({"stage": "closed_lost"}),
            json!({"stage": "qualified", "win": {}}),
            json!({"loss": {"reason_code": "price"}}),
        ] {
            assert!(said(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
