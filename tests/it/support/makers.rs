//! Rows that need more than the contract's own example: what a registration, a program, a handover stand on.

use openprm::{
    auth::Role,
    kernel::ids::{AmendmentId, ApprovalStepId, ExtensionId, Id as _},
};
use serde_json::{Value, json};

use super::fixtures::{Fixtures, Whose};

fn id(record: &Value) -> Option<String> {
    record["id"].as_str().map(str::to_owned)
}

impl Fixtures<'_> {
    /// The ground that records stand on: a line with two products, a region with two countries, and partners that may
    /// sell there, serve resellers, and be served.
    pub(super) async fn lay_ground(&mut self) {
        let ops = self.world.vendor(Role::ChannelOps);
        for (kind, path, bodies) in [
            (
                "product",
                "/v1/products",
                [
                    json!({"code": "EDGE", "name": "Edge", "kind": "line"}),
                    json!({"code": "EDGE-FW", "name": "Edge Firewall", "kind": "product"}),
                    json!({"code": "EDGE-SW", "name": "Edge Switch", "kind": "product"}),
                ],
            ),
            (
                "territory",
                "/v1/territories",
                [
                    json!({"code": "DACH", "name": "Middle Europe", "kind": "region"}),
                    json!({"code": "DE", "name": "Germany", "kind": "country"}),
                    json!({"code": "AT", "name": "Austria", "kind": "country"}),
                ],
            ),
        ] {
            let mut top = Value::Null;
            for (body, whose) in bodies.into_iter().zip([None, Some(Whose::Own), Some(Whose::Foreign)]) {
                let mut body = body;
                body["parent_id"] = top.clone();
                let made = ops.post(path, body).await.expect(201);
                match whose {
                    None => top = made["id"].clone(),
                    Some(whose) => self.keep(kind, whose, id(&made), false),
                }
            }
            self.tops.push(top);
        }
        for partner in [self.a, self.b] {
            let path = format!("/v1/partners/{partner}");
            let (product, territory) = (self.tops[0].clone(), self.tops[1].clone());
            let sells = json!({"product_id": product, "territory_id": territory, "starts_on": "2026-01-01"});
            ops.post(&format!("{path}/authorisations"), sells).await.expect(201);
            ops.patch(&path, json!({"types": ["reseller", "distributor"]}))
                .await
                .expect(200);
        }
    }

    /// A kind's own maker, if it has one.
    pub(super) async fn own_maker(&mut self, kind: &str, whose: Whose) -> Option<String> {
        match kind {
            "user" => Some(self.manager.to_string()),
            "deal" => self.deal(whose).await,
            "ext" | "amend" => self.waiting_on_the_deal(kind, whose),
            "prot" => self.protection(whose).await,
            "comment" => self.comment(whose).await,
            "task" | "note" | "talk" | "view" => self.work(kind, whose).await,
            "transfer" => self.transfer(whose).await,
            "program" | "tier" => self.program(kind, whose).await,
            "pmem" => self.membership(whose).await,
            "eval" => self.evaluation(whose).await,
            "merge" => self.merge(whose).await,
            "reopen" => self.reopening(whose).await,
            "appeal" => self.appeal(whose).await,
            "file" => self.file(whose).await,
            "attach" => self.attachment(whose).await,
            "handover" => self.handover(whose).await,
            "resell" => self.reseller(whose).await,
            "client" | "secret" | "key" => self.machine(kind, whose).await,
            "notice" => Some(self.notice(whose)),
            "idp" => self.identity_provider(whose).await,
            "hook" => self.webhook_endpoint(whose).await,
            "import" => self.import(whose).await,
            "sconf" => self.sync_conflict(whose).await,
            "sreview" => self.sync_review(whose).await,
            _ => None,
        }
    }

    fn partner(&self, whose: Whose) -> openprm::kernel::ids::PartnerId {
        if whose == Whose::Own { self.a } else { self.b }
    }

    /// A registration that lacks nothing, of a customer of its own, submitted.
    async fn submitted(&self, whose: Whose, customer: &str) -> Option<String> {
        let sales = self.world.partner_user(self.partner(whose), Role::PartnerSales);
        let body = json!({
            "title": format!("{customer}: firewalls"),
            "customer": {"name": customer, "website": format!("https://www.{}.de", customer.to_lowercase()), "city": "Stuttgart", "country": "DE"},
            "territory": "DE",
            "lines": [{"product": "EDGE-FW", "quantity": 40}],
            "amount": {"amount": "4800.00", "currency": "EUR"},
            "expected_close_on": "2027-03-31",
        });
        let draft = sales.post("/v1/deals", body).await.expect(201);
        let deal = id(&draft)?;
        sales
            .post(&format!("/v1/deals/{deal}/submit"), json!({}))
            .await
            .expect(200);
        Some(deal)
    }

    async fn deal(&mut self, whose: Whose) -> Option<String> {
        let customer = if whose == Whose::Own {
            "Brezelwerk"
        } else {
            "Zitronenhain"
        };
        let deal = self.submitted(whose, customer).await;
        self.keep("deal", whose, deal.clone(), true);
        deal
    }

    /// A request for more time, or an amendment, that waits on the registration of the suites. Its row is written as it
    /// stands: the registration itself stays submitted, so that the suites can decide on it.
    fn waiting_on_the_deal(&mut self, kind: &str, whose: Whose) -> Option<String> {
        let deal = self.id("deal", whose)?.to_owned();
        let now = self.world.now();
        let (at, end) = (now.micros(), now.plus_days(90).micros());
        let (more, grace) = (now.plus_days(150).micros(), now.plus_days(100).micros());
        let (made, sql) = if kind == "ext" {
            let id = ExtensionId::at(now).to_string();
            let sql = format!(
                "INSERT INTO deal_extensions (id, deal_id, status, previous_end_at, requested_end_at, grace_until, evidence, requested_by, revision, created_at, updated_at) \
                 VALUES ('{id}', '{deal}', 'pending', {end}, {more}, {grace}, 'The offer is with the board.', 'system:fixture', 1, {at}, {at})"
            );
            (id, sql)
        } else {
            let id = AmendmentId::at(now).to_string();
            let terms = |amount: &str| json!({"amount": {"amount": amount, "currency": "EUR"}, "lines": null, "expected_close_on": null});
            let sql = format!(
                "INSERT INTO deal_amendments (id, deal_id, status, changes, previous, review_of, reason, received_at, seq, requested_by, revision, created_at, updated_at) \
                 VALUES ('{id}', '{deal}', 'pending', '{}', '{}', '[\"amount\"]', 'More branches.', {at}, 0, 'system:fixture', 1, {at}, {at})",
                terms("9600.00"),
                terms("4800.00")
            );
            (id, sql)
        };
        let mut statements = vec![sql];
        if kind == "amend" {
            // What an amendment waits for.
            let (step, partner) = (ApprovalStepId::at(now), self.partner(whose));
            statements.push(format!(
                "INSERT INTO approval_steps (id, subject_type, subject_id, subject_label, partner_id, requested_by, round, position, name, approver_role, quorum, escalate_to, status, pending_since, revision, created_at, updated_at) \
                 VALUES ('{step}', 'deal_amendment', '{made}', '{made}', '{partner}', 'system:fixture', 1, 1, 'Channel approval', 'approver', 1, 'admin', 'pending', {at}, 1, {at}, {at})"
            ));
        }
        self.world.sql(move |tx| {
            use diesel::RunQueryDsl as _;
            statements.iter().try_for_each(|sql| {
                diesel::sql_query(sql)
                    .execute(tx.conn())
                    .map(drop)
                    .map_err(openprm::error::Error::from)
            })
        });
        self.keep(kind, whose, Some(made.clone()), true);
        Some(made)
    }

    async fn protection(&mut self, whose: Whose) -> Option<String> {
        let customer = if whose == Whose::Own {
            "Kupferschmiede"
        } else {
            "Leuchtturmbau"
        };
        let deal = self.submitted(whose, customer).await?;
        let approver = self.world.vendor(Role::Approver);
        approver
            .post(&format!("/v1/deals/{deal}/approve"), json!({}))
            .await
            .expect(200);
        let held = approver.get(&format!("/v1/protections?deal_id={deal}")).await;
        let held = if held.status == 200 {
            held
        } else {
            approver
                .get(&format!("/v1/protections?partner_id={}", self.partner(whose)))
                .await
        };
        let found = id(&held.body["data"][0]);
        self.keep("prot", whose, found.clone(), true);
        found
    }

    /// A notice to somebody of the partner. It is that person's alone, whoever asks for it.
    fn notice(&mut self, whose: Whose) -> String {
        let (partner, at) = (self.partner(whose), self.world.now().micros());
        let person = self.world.user("partner", "reader");
        let id = openprm::kernel::ids::NoticeId::at(self.world.now()).to_string();
        let sql = format!(
            "INSERT INTO notices (id, recipient_id, partner_id, topic, cause, resource_type, resource_id, path, locale, subject, body, template_revision, occurred_at, in_app, mail, revision, created_at, updated_at) \
             VALUES ('{id}', '{person}', '{partner}', 'deal_approved', 'fixture', 'partner', '{partner}', '/v1/partners/{partner}', 'en', 'Approved', 'It is approved.', 0, {at}, TRUE, 'off', 1, {at}, {at})"
        );
        self.world.sql(move |tx| {
            use diesel::RunQueryDsl as _;
            diesel::sql_query(&sql)
                .execute(tx.conn())
                .map(drop)
                .map_err(openprm::error::Error::from)
        });
        self.keep("notice", whose, Some(id.clone()), true);
        id
    }

    /// A webhook endpoint of the vendor's.
    async fn webhook_endpoint(&mut self, whose: Whose) -> Option<String> {
        let admin = self.world.vendor(Role::Admin);
        let body = json!({"url": "https://crm.example.com/hooks/openprm"});
        let made = admin.post("/v1/webhook-endpoints", body).await.expect(201);
        let endpoint = id(&made["endpoint"]);
        self.keep("hook", whose, endpoint.clone(), false);
        endpoint
    }

    /// An import of the vendor's, which waits.
    async fn import(&mut self, whose: Whose) -> Option<String> {
        let admin = self.world.vendor(Role::Admin);
        let text = format!("Id,Name\n1,Acme {whose:?}\n");
        let headers = [("content-type", "text/plain")];
        let file = admin
            .send_bytes(
                actix_web::http::Method::POST,
                "/v1/files?name=accounts.csv",
                &headers,
                Some(text.into_bytes()),
            )
            .await
            .expect(201);
        let mapping = json!({"key": {"column": "Id"}, "fields": {"name": {"column": "Name"}}});
        let body = json!({"file_id": id(&file), "kind": "customer_accounts", "system": "oldcrm", "mapping": mapping});
        let made = admin.post("/v1/imports", body).await.expect(202);
        let import = id(&made);
        self.keep("import", whose, import.clone(), false);
        import
    }

    /// The code of the kept external system.
    async fn system(&mut self, whose: Whose) -> Option<(String, String)> {
        Box::pin(self.make("extsys", whose)).await;
        let system = self.id("extsys", whose)?.to_owned();
        let ops = self.world.vendor(Role::ChannelOps);
        let found = ops.get(&format!("/v1/external-systems/{system}")).await.expect(200);
        Some((system, found["code"].as_str()?.to_owned()))
    }

    /// A customer account whose name was changed here and in another system.
    async fn sync_conflict(&mut self, whose: Whose) -> Option<String> {
        let (system, code) = self.system(whose).await?;
        let ops = self.world.vendor(Role::ChannelOps);
        let path = format!("/v1/customer-accounts/by-external-id/{code}/both-sides");
        let put = async |revision: &str, name: &str| {
            let headers = [("external-revision", revision)];
            let body = json!({"name": name});
            ops.send(actix_web::http::Method::PUT, &path, &headers, Some(&body))
                .await
        };
        let made = put("1", "Hagebuttenhof").await.expect(201);
        let account = format!("/v1/customer-accounts/{}", id(&made)?);
        ops.patch(&account, json!({"name": "Hagebuttenhof Nord"}))
            .await
            .expect(200);
        put("2", "Hagebuttenhof Ost").await.expect(409);
        let open = ops
            .get(&format!("/v1/sync-conflicts?state=open&system_id={system}"))
            .await
            .expect(200);
        id(&open["data"][0])
    }

    /// A person of another system who may be one of two of ours.
    async fn sync_review(&mut self, whose: Whose) -> Option<String> {
        let (system, _) = self.system(whose).await?;
        let ops = self.world.vendor(Role::ChannelOps);
        let email = format!("info-{whose:?}@waldkauz.de").to_lowercase();
        for name in ["Ada Kauz", "Ida Kauz"] {
            ops.post("/v1/people", json!({"name": name, "email": email}))
                .await
                .expect(201);
        }
        let items = json!([{"external_id": "0031", "name": "A. Kauz", "email": email}]);
        let body = json!({"resource_type": "person", "dry_run": false, "items": items});
        let found = ops
            .post(&format!("/v1/external-systems/{system}/matchings"), body)
            .await
            .expect(200);
        found["items"][0]["review_id"].as_str().map(str::to_owned)
    }

    /// The kept registration, approved.
    pub(super) async fn approved_deal(&mut self, whose: Whose) -> Option<String> {
        Box::pin(self.make("deal", whose)).await;
        let deal = self.id("deal", whose)?.to_owned();
        let approver = self.world.vendor(Role::Approver);
        let path = format!("/v1/deals/{deal}");
        if approver.get(&path).await.expect(200)["review_status"] != "approved" {
            approver.post(&format!("{path}/approve"), json!({})).await.expect(200);
        }
        Some(deal)
    }

    /// A request to undo an approval.
    async fn reopening(&mut self, whose: Whose) -> Option<String> {
        let deal = self.approved_deal(whose).await?;
        let request = json!({"reason_code": "wrong_data", "reason_text": "It was another plant."});
        let approver = self.world.vendor(Role::Approver);
        let asked = approver
            .post(&format!("/v1/deals/{deal}/reopenings"), request)
            .await
            .expect(201);
        let found = id(&asked);
        self.keep("reopen", whose, found.clone(), true);
        found
    }

    /// A file of the partner's.
    async fn file(&mut self, whose: Whose) -> Option<String> {
        let sales = self.world.partner_user(self.partner(whose), Role::PartnerSales);
        let headers = [("content-type", "text/plain")];
        let made = sales
            .send_bytes(
                actix_web::http::Method::POST,
                "/v1/files?name=note.txt",
                &headers,
                Some(b"A note.".to_vec()),
            )
            .await
            .expect(201);
        let file = id(&made);
        self.keep("file", whose, file.clone(), true);
        file
    }

    /// A file at the kept registration.
    async fn attachment(&mut self, whose: Whose) -> Option<String> {
        Box::pin(self.make("deal", whose)).await;
        let file = self.file(whose).await?;
        let body = json!({"file_id": file, "resource_type": "deal", "resource_id": self.id("deal", whose)?});
        let sales = self.world.partner_user(self.partner(whose), Role::PartnerSales);
        let made = sales.post("/v1/attachments", body).await.expect(201);
        let attachment = id(&made);
        self.keep("attach", whose, attachment.clone(), true);
        attachment
    }

    /// An appeal against the refusal of a registration of its own.
    async fn appeal(&mut self, whose: Whose) -> Option<String> {
        let customer = if whose == Whose::Own {
            "Glasmanufaktur"
        } else {
            "Porzellanhof"
        };
        let deal = self.submitted(whose, customer).await?;
        let approver = self.world.vendor(Role::Approver);
        let refusal = json!({"reason_code": "not_qualified", "reason_text": "Nobody buys yet."});
        approver
            .post(&format!("/v1/deals/{deal}/reject"), refusal)
            .await
            .expect(200);
        let sales = self.world.partner_user(self.partner(whose), Role::PartnerSales);
        let made = sales
            .post(
                &format!("/v1/deals/{deal}/appeals"),
                json!({"grounds": "The order is signed.", "evidence": [{"note": "Order 4711."}]}),
            )
            .await
            .expect(201);
        let appeal = id(&made);
        self.keep("appeal", whose, appeal.clone(), true);
        appeal
    }

    /// A comment that both sides read.
    async fn comment(&mut self, whose: Whose) -> Option<String> {
        Box::pin(self.make("deal", whose)).await;
        let path = format!("/v1/deals/{}/comments", self.id("deal", whose)?);
        let sales = self.world.partner_user(self.partner(whose), Role::PartnerSales);
        let made = sales
            .post(&path, json!({"body": "The trial begins in January."}))
            .await
            .expect(201);
        let comment = id(&made);
        self.keep("comment", whose, comment.clone(), true);
        comment
    }

    /// A task, note or talk on the partner, for both sides to see; and a view that the vendor's people share.
    async fn work(&mut self, kind: &str, whose: Whose) -> Option<String> {
        let ops = self.world.vendor(Role::ChannelOps);
        let on = self.partner(whose).to_string();
        let on = |more: Value| {
            let mut body = json!({"resource_type": "partner", "resource_id": on, "visibility": "shared"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let (path, body) = match kind {
            "task" => ("/v1/tasks", on(json!({"title": "Send the offer"}))),
            "note" => ("/v1/notes", on(json!({"body": "They want to grow."}))),
            "talk" => {
                let happened = self.world.now().to_string();
                let talk = json!({"kind": "call", "subject": "The offer", "happened_at": happened});
                ("/v1/interactions", on(talk))
            }
            _ => (
                "/v1/saved-views",
                json!({"name": format!("Products {whose:?}"), "operation": "listProducts", "visibility": "shared"}),
            ),
        };
        let made = ops.post(path, body).await.expect(201);
        self.keep(kind, whose, id(&made), kind != "view");
        id(&made)
    }

    /// A transfer to a third partner, of a registration of its own.
    async fn transfer(&mut self, whose: Whose) -> Option<String> {
        let own = whose == Whose::Own;
        let deal = self
            .submitted(whose, if own { "Windmuehle" } else { "Wassermuehle" })
            .await?;
        let receiver = if own {
            "Westwind Netze GmbH"
        } else {
            "Ostwind Netze GmbH"
        };
        let receiver = super::fixtures::partner(self.world, receiver, self.manager);
        let body = json!({"to_partner_id": receiver.to_string(), "reason_code": "customer_request"});
        let ops = self.world.vendor(Role::ChannelOps);
        let made = ops.post(&format!("/v1/deals/{deal}/transfers"), body).await.expect(201);
        let transfer = id(&made);
        self.keep("transfer", whose, transfer.clone(), true);
        transfer
    }

    /// A program with two tiers, published, and the draft of its next version.
    async fn program(&mut self, kind: &str, whose: Whose) -> Option<String> {
        let ops = self.world.vendor(Role::ChannelOps);
        let code = if whose == Whose::Own { "RESELL" } else { "SERVE" };
        let program = id(&ops
            .post("/v1/programs", json!({"code": code, "name": format!("{code} program")}))
            .await
            .expect(201))?;
        let path = format!("/v1/programs/{program}");
        ops.post(&format!("{path}/versions"), json!({"currency": "EUR"}))
            .await
            .expect(201);
        let mut tier = None;
        for (rank, name) in [(1, "Member"), (2, "Gold")] {
            let allowance =
                json!({"code": "nfr", "name": "Licences", "kind": "internal_use_licences", "quantity": 1000});
            let body = json!({"rank": rank, "name": name, "benefits": {"allowances": [allowance], "tail_days": 30}});
            tier = id(&ops.post(&format!("{path}/tiers"), body).await.expect(201));
        }
        ops.post(&format!("{path}/versions/1/publish"), json!({}))
            .await
            .expect(200);
        ops.post(&format!("{path}/versions"), json!({"currency": "EUR"}))
            .await
            .expect(201);
        self.keep("program", whose, Some(program.clone()), false);
        self.keep("tier", whose, tier.clone(), false);
        if kind == "tier" { tier } else { Some(program) }
    }

    async fn membership(&mut self, whose: Whose) -> Option<String> {
        let program = self.id("program", whose)?.to_owned();
        let ops = self.world.vendor(Role::ChannelOps);
        let body = json!({"partner_id": self.partner(whose)});
        let made = id(&ops
            .post(&format!("/v1/programs/{program}/memberships"), body)
            .await
            .expect(201));
        self.keep("pmem", whose, made.clone(), true);
        made
    }

    async fn evaluation(&mut self, whose: Whose) -> Option<String> {
        let program = self.id("program", whose)?.to_owned();
        let ops = self.world.vendor(Role::ChannelOps);
        id(&ops
            .post(
                &format!("/v1/programs/{program}/evaluations"),
                json!({"mode": "preview"}),
            )
            .await
            .expect(201))
    }

    async fn merge(&mut self, whose: Whose) -> Option<String> {
        let ops = self.world.vendor(Role::ChannelOps);
        let names = if whose == Whose::Own {
            ["Apfelgarten", "Apfelgarten Nord"]
        } else {
            ["Birnbaum", "Birnbaum Nord"]
        };
        let mut accounts = Vec::new();
        for name in names {
            accounts.push(id(&ops
                .post("/v1/customer-accounts", json!({"name": name}))
                .await
                .expect(201))?);
        }
        let body =
            json!({"survivor_id": accounts[0], "other_id": accounts[1], "reason": "The same company, imported twice."});
        id(&ops.post("/v1/account-merges", body).await.expect(201))
    }

    async fn handover(&mut self, whose: Whose) -> Option<String> {
        let ops = self.world.vendor(Role::ChannelOps);
        let to = self.world.user("vendor", "successor");
        let body =
            json!({"partner_id": self.partner(whose), "role": "primary", "to_user_id": to, "reason_code": "departure"});
        let made = id(&ops.post("/v1/handovers", body).await.expect(201));
        self.keep("handover", whose, made.clone(), true);
        made
    }

    async fn reseller(&mut self, whose: Whose) -> Option<String> {
        let ops = self.world.vendor(Role::ChannelOps);
        let name = if whose == Whose::Own {
            "Kleine Netze OHG"
        } else {
            "Große Netze OHG"
        };
        let small = super::fixtures::partner(self.world, name, self.manager);
        let path = format!("/v1/partners/{}/resellers", self.partner(whose));
        let made = id(&ops
            .post(
                &path,
                json!({"reseller_id": small.to_string(), "starts_on": "2026-01-01"}),
            )
            .await
            .expect(201));
        self.keep("resell", whose, made.clone(), true);
        made
    }

    /// A partner's machine, with its secret and an API key.
    async fn machine(&mut self, kind: &str, whose: Whose) -> Option<String> {
        let admin = self.world.vendor(Role::Admin);
        let body = json!({"name": "CRM connector", "scopes": ["deals:read"], "partner_id": self.partner(whose)});
        let made = admin.post("/v1/service-clients", body).await.expect(201);
        let client = id(&made["client"]);
        self.keep("client", whose, client.clone(), true);
        self.keep("secret", whose, id(&made["client"]["secrets"][0]), true);
        let body = json!({"client_id": client, "name": "Nightly export", "scopes": ["deals:read"]});
        let made = admin.post("/v1/api-keys", body).await.expect(201);
        self.keep("key", whose, id(&made["api_key"]), true);
        self.id(kind, whose).map(str::to_owned)
    }

    /// A provider of the vendor's own, whatever partner's rows are asked for.
    async fn identity_provider(&self, whose: Whose) -> Option<String> {
        let body = json!({
            "name": "Staff sign-in", "issuer": format!("https://login.example.com/realms/{whose:?}"), "audience": "openprm",
            "link_by": "subject",
        });
        let made = self
            .world
            .vendor(Role::Admin)
            .post("/v1/identity-providers", body)
            .await;
        id(&made.expect(201))
    }
}
