//! Protections: first come, first protected, whatever happens at once.

use std::sync::{Arc, Barrier};

use openprm::{
    auth::{Caller, Role},
    deals::protection::{self, Ending, Grant, Override},
    error::{Error, codes},
    kernel::ids::{AccountId, Id as _, ProductId, TerritoryId},
};
use serde_json::json;

use crate::{
    scene::{self, Made, Scene},
    support::World,
};

fn grant(world: &World, grant: Grant) -> openprm::error::Result<Vec<protection::Protection>> {
    world
        .db
        .run_now(&Caller::system("test"), move |tx| protection::grant(tx, &grant))
}

each_engine! {
    async fn the_first_is_protected_and_an_overlapping_second_is_told_what_stands_in_the_way(world: World) {
        let scene = Scene::new(&world);
        let (first, second) = (scene.partner(&world), scene.partner(&world));
        let a = scene.deal(&world, first, scene.acme, &[scene.edge], scene.germany, "approved");
        let b = scene.deal(&world, second, scene.acme, &[scene.edge_pro], scene.emea, "submitted");
        let now = world.now();
        let granted = grant(&world, scene.grant(a, scene.acme, &[scene.edge], scene.germany, now)).unwrap();
        assert_eq!(granted.len(), 1);
        let refused = grant(&world, scene.grant(b, scene.acme, &[scene.edge_pro], scene.emea, now)).unwrap_err();
        assert!(refused.is(&codes::PROTECTION_OVERLAP), "{refused}");
        assert!(refused.all_faults()[0].detail.contains("is protected on an overlapping scope until 2027-02-19"), "{refused}");
        // Beside it there is room: another branch of either tree, another class of deals, another customer, a later time.
        let core = grant(&world, scene.grant(b, scene.acme, &[scene.core], scene.germany, now));
        assert_eq!(core.unwrap().len(), 1);
        let austria = grant(&world, scene.grant(b, scene.acme, &[scene.edge_pro], scene.austria, now));
        assert_eq!(austria.unwrap().len(), 1);
        let renewal = Grant { deal_type: openprm::deals::registrations::DealType::Renewal, ..scene.grant(b, scene.acme, &[scene.edge_pro], scene.germany, now) };
        assert_eq!(grant(&world, renewal).unwrap().len(), 1);
        let later = Grant { starts_at: now.plus_days(90), until: now.plus_days(100), ..scene.grant(b, scene.acme, &[scene.edge], scene.bavaria, now) };
        assert_eq!(grant(&world, later).unwrap().len(), 1);
        assert_eq!(scene::overlapping_pairs(&world), 0);
    }

    async fn only_the_topmost_nodes_are_stored_and_a_second_grant_adds_what_is_new(world: World) {
        let scene = Scene::new(&world);
        let made = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "approved");
        let now = world.now();
        let first = grant(&world, scene.grant(made, scene.acme, &[scene.edge_pro, scene.edge, scene.edge_lite], scene.germany, now)).unwrap();
        assert_eq!(first.iter().map(|row| row.product_id).collect::<Vec<_>>(), [scene.edge]);
        assert_eq!(grant(&world, scene.grant(made, scene.acme, &[scene.edge_pro], scene.germany, now)).unwrap(), []);
        let wider = grant(&world, scene.grant(made, scene.acme, &[scene.suite], scene.germany, now)).unwrap();
        assert_eq!(wider.iter().map(|row| row.product_id).collect::<Vec<_>>(), [scene.suite]);
        let all = world.sql(move |tx| protection::of_deals(tx, &[made.deal]));
        assert_eq!(all.iter().filter(|row| row.status == protection::ProtectionStatus::Active).count(), 1);
    }

    async fn nobody_is_protected_past_an_earlier_claimant_without_a_reason(world: World) {
        let scene = Scene::new(&world);
        let earlier = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "info_requested");
        let elsewhere = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.core], scene.germany, "submitted");
        let later = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge_pro], scene.dach, "in_review");
        let wanted = scene.grant(later, scene.acme, &[scene.edge_pro], scene.dach, world.now());
        let refused = grant(&world, wanted.clone()).unwrap_err();
        assert!(refused.is(&codes::GUARD_FAILED), "{refused}");
        assert_eq!(refused.all_faults().len(), 1, "{refused}");
        let _ = elsewhere;
        // A reason that names others, or none, does not help; one that names the claimant does.
        let with = |code: &str, deals: Vec<_>| Grant { overridden: Some(Override { code: code.to_owned(), deals }), ..wanted.clone() };
        assert!(grant(&world, with("customer_choice", vec![elsewhere.deal])).unwrap_err().is(&codes::GUARD_FAILED));
        assert!(grant(&world, with("", vec![earlier.deal])).unwrap_err().is(&codes::GUARD_FAILED));
        assert_eq!(grant(&world, with("customer_choice", vec![earlier.deal])).unwrap().len(), 1);
    }

    async fn a_question_to_the_earlier_claimant_keeps_its_place_until_the_deadline(world: World) {
        let scene = Scene::new(&world);
        let earlier = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "info_requested");
        let later = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "in_review");
        let (deal, at, due) = (earlier.deal, world.now().micros(), world.now().plus_days(3).micros());
        world.sql(move |tx| scene::run(tx, &format!("INSERT INTO deal_reviews (deal_id, submitted_by, submitted_at, round, paused_micros, info_due_at, auto_approved) VALUES ('{deal}', 'test', {at}, 1, 0, {due}, FALSE)")));
        assert!(grant(&world, scene.grant(later, scene.acme, &[scene.edge], scene.germany, world.now())).unwrap_err().is(&codes::GUARD_FAILED));
        world.clock.advance_days(3);
        assert_eq!(grant(&world, scene.grant(later, scene.acme, &[scene.edge], scene.germany, world.now())).unwrap().len(), 1);
    }

    async fn what_is_given_back_handed_over_or_used_up_is_free_for_the_next(world: World) {
        let scene = Scene::new(&world);
        for ending in [Ending::Released, Ending::Revoked, Ending::Consumed] {
            let made = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "approved");
            grant(&world, scene.grant(made, scene.acme, &[scene.edge], scene.germany, world.now())).unwrap();
            let ended = world.sql(move |tx| protection::end(tx, made.deal, ending, "test"));
            assert_eq!(ended.len(), 1);
            assert_eq!(world.sql(move |tx| protection::end(tx, made.deal, ending, "test")), [], "nothing is left to end");
        }
        let old = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "approved");
        let heir = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "approved");
        let granted = grant(&world, scene.grant(old, scene.acme, &[scene.edge, scene.core], scene.germany, world.now())).unwrap();
        let moved = world.sql(move |tx| protection::hand_over(tx, old.deal, (heir.deal, heir.partner), None));
        assert_eq!(moved.len(), 2);
        assert!(moved.iter().all(|row| row.partner_id == heir.partner && row.ends_at == granted[0].ends_at));
        let closed = world.sql(move |tx| protection::of_deals(tx, &[old.deal]));
        assert!(closed.iter().all(|row| row.transferred_to_id.is_some()));
        assert_eq!(scene::overlapping_pairs(&world), 0);
    }

    async fn a_paused_partner_comes_back_to_what_is_still_free_and_the_rest_is_contested(world: World) {
        let scene = Scene::new(&world);
        let away = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge, scene.core], scene.germany, "approved");
        grant(&world, scene.grant(away, scene.acme, &[scene.edge, scene.core], scene.germany, world.now())).unwrap();
        assert_eq!(world.sql(move |tx| protection::pause(tx, away.partner)).len(), 2);
        let other = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge_pro], scene.bavaria, "approved");
        grant(&world, scene.grant(other, scene.acme, &[scene.edge_pro], scene.bavaria, world.now())).unwrap();
        let back = world.sql(move |tx| protection::resume(tx, away.partner));
        let products = |status| back.get(&status).into_iter().flatten().map(|row| row.product_id).collect::<Vec<_>>();
        assert_eq!(products(protection::ProtectionStatus::Active), [scene.core]);
        assert_eq!(products(protection::ProtectionStatus::Contested), [scene.edge]);
        assert_eq!(scene::overlapping_pairs(&world), 0);
    }

    async fn an_extension_begins_at_the_old_end_and_does_not_push_others_aside(world: World) {
        let scene = Scene::new(&world);
        let made = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "approved");
        let end = grant(&world, scene.grant(made, scene.acme, &[scene.edge], scene.germany, world.now())).unwrap()[0].ends_at;
        let next = scene.deal(&world, scene.partner(&world), scene.acme, &[scene.edge], scene.germany, "approved");
        let taken = Grant { starts_at: end.plus_days(30), until: end.plus_days(60), ..scene.grant(next, scene.acme, &[scene.edge], scene.germany, world.now()) };
        grant(&world, taken).unwrap();
        world.clock.advance_days(89);
        let grace = world.sql(move |tx| protection::extend(tx, made.deal, end.plus_days(10), None));
        assert_eq!((grace[0].granted_until, grace[0].ends_at), (end, end.plus_days(10)));
        world.clock.advance_days(2);
        let state = world.sql(move |tx| { let now = tx.now; protection::state_of(tx, &[made.deal], now) });
        assert_eq!(state[&made.deal].as_str(), "grace");
        assert_eq!(world.sql(move |tx| protection::extend(tx, made.deal, end.plus_days(30), Some(end.plus_days(30))))[0].granted_until, end.plus_days(30));
        let refused = world.db.run_now(&Caller::system("test"), move |tx| protection::extend(tx, made.deal, end.plus_days(31), Some(end.plus_days(31))));
        assert!(refused.unwrap_err().is(&codes::PROTECTION_OVERLAP));
        world.clock.advance_days(60);
        let refused = world.db.run_now(&Caller::system("test"), move |tx| protection::extend(tx, made.deal, end.plus_days(90), None));
        assert!(refused.unwrap_err().is(&codes::INVALID_STATE));
    }

    async fn protections_are_read_as_of_any_moment_and_by_their_partner_alone(world: World) {
        let scene = Scene::new(&world);
        let (mine, other) = (scene.partner(&world), scene.partner(&world));
        let made = scene.deal(&world, mine, scene.acme, &[scene.edge], scene.germany, "approved");
        let begin = world.now();
        let granted = grant(&world, scene.grant(made, scene.acme, &[scene.edge], scene.germany, begin)).unwrap().remove(0);
        let path = format!("/v1/protections/{}", granted.id);
        let seller = world.partner_user(mine, Role::PartnerSales);
        assert_eq!(seller.get(&path).await.expect(200)["state"], "active");
        assert_eq!(seller.get(&format!("{path}?as_of=2027-02-19T10:00:00Z")).await.expect(200)["state"], "expired");
        assert_eq!(seller.get(&format!("{path}?as_of=2026-01-01T00:00:00Z")).await.expect(200)["state"], "none");
        assert_eq!(world.partner_user(other, Role::PartnerSales).get(&path).await.refused(404), "not_found");
        let approver = scene.approver(&world);
        let list = async |query: String| approver.get(&format!("/v1/protections?{query}")).await.expect(200)["data"].as_array().unwrap().len();
        for (query, rows) in [
            ("state=active".to_owned(), 1),
            ("state=expired,released".to_owned(), 0),
            ("state=expired&as_of=2027-06-01T00:00:00Z".to_owned(), 1),
            ("state=active,grace&expiring_before=2027-03-01T00:00:00Z".to_owned(), 1),
            ("expiring_before=2027-01-01T00:00:00Z".to_owned(), 0),
            (format!("product_id={}", scene.edge_pro), 1),
            (format!("product_id={}", scene.suite), 1),
            (format!("product_id={}", scene.core), 0),
            (format!("territory_id={}", scene.bavaria), 1),
            (format!("territory_id={}", scene.france), 0),
            (format!("account_id={}&partner_id={mine}&deal_id={}", scene.acme, made.deal), 1),
            (format!("partner_id={other}"), 0),
        ] {
            assert_eq!(list(query.clone()).await, rows, "{query}");
        }
        world.clock.advance_days(10);
        world.sql(move |tx| protection::end(tx, made.deal, Ending::Released, "withdrawn"));
        world.clock.advance_days(1);
        assert_eq!(approver.get(&path).await.expect(200)["state"], "released");
        assert_eq!(approver.get(&format!("{path}?as_of={}", begin.plus_days(5))).await.expect(200)["state"], "active");
        assert_eq!(list("state=released".to_owned()).await, 1);
        assert_eq!(list(format!("state=active&as_of={}", begin.plus_days(5))).await, 1);
        assert_eq!(approver.get(&path).await.expect(200)["status_reason"], json!("withdrawn"));
    }
}

/// Runs `work` on so many threads at once, each with its number, and gives what each came to.
fn at_once<T: Send + 'static>(threads: usize, work: impl Fn(usize) -> T + Send + Sync + 'static) -> Vec<T> {
    let (work, gate) = (Arc::new(work), Arc::new(Barrier::new(threads)));
    let running: Vec<_> = (0..threads)
        .map(|number| {
            let (work, gate) = (work.clone(), gate.clone());
            std::thread::spawn(move || {
                gate.wait();
                work(number)
            })
        })
        .collect();
    running.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// The scopes of a race: each pair of them overlaps, in one tree by being equal, in the other by one containing the other.
fn nested(scene: &Scene) -> Vec<(ProductId, TerritoryId)> {
    let (products, territories) = (
        [scene.suite, scene.edge, scene.edge_pro],
        [scene.emea, scene.dach, scene.germany, scene.bavaria],
    );
    products
        .into_iter()
        .flat_map(|product| territories.into_iter().map(move |territory| (product, territory)))
        .collect()
}

const CONTENDERS: usize = 24;

fn contenders(world: &World, scene: &Scene, account: AccountId, status: &str) -> Vec<(Made, Grant)> {
    let scopes = nested(scene);
    let now = world.now();
    (0..CONTENDERS)
        .map(|number| {
            let (product, territory) = scopes[number % scopes.len()];
            let made = scene.deal(world, scene.partner(world), account, &[product], territory, status);
            (made, scene.grant(made, account, &[product], territory, now))
        })
        .collect()
}

each_engine! {
    async fn of_many_who_are_granted_overlapping_scopes_at_once_exactly_one_is_protected(world: World) {
        let scene = Scene::new(&world);
        let db = world.with_connections(CONTENDERS);
        for round in 0..6 {
            let account = AccountId::example(100 + round);
            scene.account(&world, account, "Contended", None);
            let all = contenders(&world, &scene, account, "approved");
            let db = db.clone();
            let outcomes = at_once(CONTENDERS, move |number| {
                let grant = all[number].1.clone();
                db.run_now(&Caller::system("race"), move |tx| protection::grant(tx, &grant))
            });
            let refused: Vec<&Error> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
            assert_eq!(refused.len(), CONTENDERS - 1, "round {round}");
            assert!(refused.iter().all(|error| error.is(&codes::PROTECTION_OVERLAP)), "{refused:?}");
            assert_eq!(scene::overlapping_pairs(&world), 0);
        }
    }

    async fn of_many_who_wait_and_are_approved_at_once_the_first_to_arrive_is_protected(world: World) {
        let scene = Scene::new(&world);
        let db = world.with_connections(CONTENDERS);
        let all = contenders(&world, &scene, scene.acme, "submitted");
        let first = all[0].0;
        let grants: Vec<Grant> = all.iter().map(|(_, grant)| grant.clone()).collect();
        let outcomes = at_once(CONTENDERS, move |number| {
            // The last to arrive begins: whoever is refused because others wait before it tries again.
            let grant = grants[CONTENDERS - 1 - number].clone();
            for _ in 0..10_000 {
                let (wanted, deal) = (grant.clone(), grant.deal_id);
                let outcome = db.run_now(&Caller::system("race"), move |tx| {
                    let granted = protection::grant(tx, &wanted)?;
                    scene::set_status(tx, deal, "approved")?;
                    Ok(granted)
                });
                match outcome {
                    Err(error) if error.is(&codes::GUARD_FAILED) => std::thread::yield_now(),
                    Err(error) if error.is(&codes::PROTECTION_OVERLAP) => {
                        // Refused for good: it leaves the queue.
                        db.run_now(&Caller::system("race"), move |tx| scene::set_status(tx, deal, "rejected")).unwrap();
                        return (deal, false);
                    }
                    outcome => return (deal, outcome.unwrap().len() == 1),
                }
            }
            panic!("{} waits for ever", grant.deal_id)
        });
        let winners: Vec<_> = outcomes.iter().filter(|(_, won)| *won).map(|(deal, _)| *deal).collect();
        assert_eq!(winners, [first.deal]);
        assert_eq!(scene::overlapping_pairs(&world), 0);
    }

    async fn while_some_give_back_and_others_are_granted_no_two_ever_overlap(world: World) {
        let scene = Scene::new(&world);
        let db = world.with_connections(CONTENDERS);
        let all = contenders(&world, &scene, scene.acme, "approved");
        let grants: Vec<Grant> = all.iter().map(|(_, grant)| grant.clone()).collect();
        let outcomes = at_once(CONTENDERS, move |number| {
            let mut won = 0;
            for _ in 0..8 {
                let (grant, deal) = (grants[number].clone(), grants[number].deal_id);
                match db.run_now(&Caller::system("race"), move |tx| protection::grant(tx, &Grant { starts_at: tx.now, ..grant.clone() })) {
                    Ok(granted) => {
                        won += usize::from(!granted.is_empty());
                        db.run_now(&Caller::system("race"), move |tx| protection::end(tx, deal, Ending::Released, "withdrawn")).unwrap();
                    }
                    Err(error) => assert!(error.is(&codes::PROTECTION_OVERLAP), "{error}"),
                }
            }
            won
        });
        assert!(outcomes.iter().sum::<usize>() >= 1);
        assert_eq!(scene::overlapping_pairs(&world), 0);
        let left = world.sql(|tx| scene::run(tx, "UPDATE protections SET status_reason = status_reason WHERE status = 'active'"));
        assert_eq!(left, 0, "everything that was granted was given back");
    }
}
