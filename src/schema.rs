//! The tables as diesel sees them: the same types on both engines, text, 64-bit integers and booleans.
//!
//! Columns stand in the order of the migrations, which is also where their meaning is written; a test compares
//! this file with both databases.

diesel::table! {
    people (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        email_verified_at -> Nullable<BigInt>,
        phone -> Nullable<Text>,
        locale -> Nullable<Text>,
        status -> Text,
        preferences -> Text,
        consents -> Text,
        erased_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    teams (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        lead_id -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        kind -> Text,
        email -> Text,
        email_key -> Text,
        name -> Text,
        name_key -> Text,
        status -> Text,
        password_hash -> Nullable<Text>,
        password_changed_at -> Nullable<BigInt>,
        session_version -> BigInt,
        locale -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        row_scope -> Nullable<Text>,
        team_id -> Nullable<Text>,
        person_id -> Nullable<Text>,
        invited_at -> Nullable<BigInt>,
        last_sign_in_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        second_factor_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    user_roles (user_id, role) {
        user_id -> Text,
        role -> Text,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    policies (id) {
        id -> Text,
        version -> Nullable<BigInt>,
        base_version -> BigInt,
        valid_from -> Nullable<BigInt>,
        document -> Text,
        note -> Nullable<Text>,
        created_by -> Text,
        published_by -> Nullable<Text>,
        published_at -> Nullable<BigInt>,
        withdrawn_by -> Nullable<Text>,
        withdrawn_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (principal, key) {
        principal -> Text,
        key -> Text,
        method -> Text,
        path -> Text,
        body_hash -> Text,
        status -> Nullable<BigInt>,
        headers -> Nullable<Text>,
        body -> Nullable<Text>,
        sealed -> Bool,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    mails (id) {
        id -> Text,
        recipient -> Text,
        topic -> Text,
        subject -> Text,
        body -> Nullable<Text>,
        sealed -> Bool,
        state -> Text,
        attempts -> BigInt,
        next_at -> BigInt,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        sent_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    custom_field_definitions (id) {
        id -> Text,
        resource_type -> Text,
        name -> Text,
        label -> Text,
        label_key -> Text,
        data_type -> Text,
        choices -> Nullable<Text>,
        required -> Bool,
        partner_visible -> Bool,
        partner_editable -> Bool,
        status -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        help -> Nullable<Text>,
        section -> Nullable<Text>,
        position -> Nullable<BigInt>,
        min_length -> Nullable<BigInt>,
        max_length -> Nullable<BigInt>,
        minimum -> Nullable<Text>,
        maximum -> Nullable<Text>,
        pattern -> Nullable<Text>,
    }
}

diesel::table! {
    external_references (id) {
        id -> Text,
        system -> Text,
        resource_type -> Text,
        external_id -> Text,
        resource_id -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    resource_tags (resource_type, resource_id, tag_key) {
        resource_type -> Text,
        resource_id -> Text,
        tag_key -> Text,
        tag -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    feed_marks (name) {
        name -> Text,
        position -> BigInt,
        hash -> Nullable<Text>,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    events (seq) {
        seq -> BigInt,
        id -> Text,
        position -> Nullable<BigInt>,
        event_type -> Text,
        resource_type -> Text,
        resource_id -> Text,
        revision -> BigInt,
        occurred_at -> BigInt,
        actor_type -> Text,
        actor_id -> Text,
        origin -> Text,
        origin_tag -> Nullable<Text>,
        request_id -> Nullable<Text>,
        changed_fields -> Text,
        data -> Nullable<Text>,
        previous -> Nullable<Text>,
        audience -> Text,
        deleted -> Bool,
        erased_at -> Nullable<BigInt>,
        salt -> Nullable<Text>,
        partner_view -> Nullable<Text>,
    }
}

diesel::table! {
    event_audiences (partner_id, event_seq) {
        partner_id -> Text,
        event_seq -> BigInt,
        position -> Nullable<BigInt>,
        lost -> Bool,
    }
}

diesel::table! {
    audit_records (seq) {
        seq -> BigInt,
        id -> Text,
        at -> BigInt,
        actor_type -> Text,
        actor_id -> Text,
        partner_id -> Nullable<Text>,
        operation -> Text,
        reason -> Nullable<Text>,
        resource_type -> Nullable<Text>,
        resource_id -> Nullable<Text>,
        revision -> Nullable<BigInt>,
        request_id -> Nullable<Text>,
        ip -> Nullable<Text>,
        event_seq -> Nullable<BigInt>,
        digest -> Nullable<Text>,
        chain_position -> Nullable<BigInt>,
        prev_hash -> Nullable<Text>,
        hash -> Nullable<Text>,
    }
}

diesel::table! {
    job_leases (name) {
        name -> Text,
        due_at -> BigInt,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        started_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        runs -> BigInt,
        failures -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    products (id) {
        id -> Text,
        code -> Text,
        code_key -> Text,
        name -> Text,
        name_key -> Text,
        kind -> Text,
        parent_id -> Nullable<Text>,
        status -> Text,
        description -> Nullable<Text>,
        list_price_minor -> Nullable<BigInt>,
        list_price_currency -> Nullable<Text>,
        custom -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    product_closure (ancestor_id, descendant_id) {
        ancestor_id -> Text,
        descendant_id -> Text,
        depth -> BigInt,
    }
}

diesel::table! {
    product_aliases (id) {
        id -> Text,
        product_id -> Text,
        alias -> Text,
        alias_key -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    territories (id) {
        id -> Text,
        code -> Text,
        name -> Text,
        name_key -> Text,
        kind -> Text,
        parent_id -> Nullable<Text>,
        status -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        calendar_id -> Nullable<Text>,
    }
}

diesel::table! {
    territory_closure (ancestor_id, descendant_id) {
        ancestor_id -> Text,
        descendant_id -> Text,
        depth -> BigInt,
    }
}

diesel::table! {
    user_territories (user_id, territory_id) {
        user_id -> Text,
        territory_id -> Text,
    }
}

diesel::table! {
    partners (id) {
        id -> Text,
        number -> Text,
        legal_name -> Text,
        name_key -> Text,
        trading_names -> Text,
        registration_number -> Nullable<Text>,
        registration_authority -> Nullable<Text>,
        registration_key -> Nullable<Text>,
        tax_ids -> Text,
        website -> Nullable<Text>,
        phone -> Nullable<Text>,
        street -> Nullable<Text>,
        city -> Nullable<Text>,
        region -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Nullable<Text>,
        parent_id -> Nullable<Text>,
        default_currency -> Text,
        time_zone -> Text,
        status -> Text,
        status_reason_code -> Nullable<Text>,
        status_reason_text -> Nullable<Text>,
        status_since -> BigInt,
        suspension_protection -> Nullable<Text>,
        effective_end_at -> Nullable<BigInt>,
        merged_into_id -> Nullable<Text>,
        custom -> Text,
        legacy -> Bool,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    partner_applications (partner_id) {
        partner_id -> Text,
        applicant_name -> Text,
        applicant_email -> Text,
        applicant_email_key -> Text,
        applicant_email_verified_at -> Nullable<BigInt>,
        applicant_title -> Nullable<Text>,
        applicant_token_hash -> Nullable<Text>,
        statement -> Nullable<Text>,
        requested_types -> Text,
        requested_territories -> Text,
        requested_programs -> Text,
        applied_at -> Nullable<BigInt>,
        review_due_at -> Nullable<BigInt>,
        paused_at -> Nullable<BigInt>,
        paused_micros -> BigInt,
        info_due_at -> Nullable<BigInt>,
        reviewer_id -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<Text>,
        decision_code -> Nullable<Text>,
        decision_text -> Nullable<Text>,
        reapply_rule -> Nullable<Text>,
        reapply_after_on -> Nullable<Text>,
        clock_basis -> Nullable<Text>,
    }
}

diesel::table! {
    partner_invitations (id) {
        id -> Text,
        partner_id -> Text,
        email -> Text,
        email_key -> Text,
        domain -> Text,
        token_hash -> Text,
        state -> Text,
        expires_at -> BigInt,
        accepted_at -> Nullable<BigInt>,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    partner_info_requests (id) {
        id -> Text,
        partner_id -> Text,
        questions -> Text,
        due_at -> BigInt,
        status -> Text,
        asked_by -> Text,
        asked_at -> BigInt,
        answers -> Nullable<Text>,
        answered_by -> Nullable<Text>,
        answered_at -> Nullable<BigInt>,
        revision -> BigInt,
    }
}

diesel::table! {
    partner_status_changes (partner_id, seq) {
        partner_id -> Text,
        seq -> BigInt,
        from_status -> Nullable<Text>,
        to_status -> Text,
        reason_code -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        actor_type -> Text,
        actor_id -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    partner_types (partner_id, partner_type) {
        partner_id -> Text,
        partner_type -> Text,
    }
}

diesel::table! {
    partner_domains (id) {
        id -> Text,
        partner_id -> Text,
        domain -> Text,
        status -> Text,
        method -> Nullable<Text>,
        verification_hash -> Nullable<Text>,
        verified_at -> Nullable<BigInt>,
        released_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    partner_territories (partner_id, territory_id) {
        partner_id -> Text,
        territory_id -> Text,
    }
}

diesel::table! {
    product_authorisations (id) {
        id -> Text,
        partner_id -> Text,
        product_id -> Text,
        territory_id -> Text,
        starts_on -> Text,
        ends_on -> Nullable<Text>,
        reason -> Nullable<Text>,
        granted_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    partner_resellers (id) {
        id -> Text,
        distributor_id -> Text,
        reseller_id -> Text,
        starts_on -> Text,
        ends_on -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    employments (id) {
        id -> Text,
        person_id -> Text,
        partner_id -> Text,
        title -> Nullable<Text>,
        department -> Nullable<Text>,
        starts_on -> Text,
        ends_on -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    employment_roles (employment_id, role) {
        employment_id -> Text,
        role -> Text,
    }
}

diesel::table! {
    partner_memberships (id) {
        id -> Text,
        user_id -> Text,
        partner_id -> Text,
        status -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    partner_membership_roles (membership_id, role) {
        membership_id -> Text,
        role -> Text,
    }
}

diesel::table! {
    handovers (id) {
        id -> Text,
        partner_id -> Text,
        role -> Text,
        from_user_id -> Nullable<Text>,
        to_user_id -> Text,
        status -> Text,
        reason_code -> Text,
        reason_text -> Nullable<Text>,
        effective_at -> BigInt,
        overlap_until -> BigInt,
        manager_approved_by -> Nullable<Text>,
        manager_approved_at -> Nullable<BigInt>,
        accepted_at -> Nullable<BigInt>,
        first_touch_at -> Nullable<BigInt>,
        first_touch_note -> Nullable<Text>,
        completed_at -> Nullable<BigInt>,
        cancelled_at -> Nullable<BigInt>,
        created_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    handover_items (id) {
        id -> Text,
        handover_id -> Text,
        kind -> Text,
        resource_type -> Nullable<Text>,
        resource_id -> Nullable<Text>,
        title -> Text,
        due_at -> Nullable<BigInt>,
        status -> Text,
        note -> Nullable<Text>,
        done_by -> Nullable<Text>,
        done_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    account_manager_assignments (id) {
        id -> Text,
        partner_id -> Text,
        role -> Text,
        valid_from -> BigInt,
        user_id -> Nullable<Text>,
        reason_code -> Text,
        reason_text -> Nullable<Text>,
        handover_id -> Nullable<Text>,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    notes (id) {
        id -> Text,
        resource_type -> Text,
        resource_id -> Text,
        partner_id -> Nullable<Text>,
        visibility -> Text,
        body -> Text,
        author_type -> Text,
        author_id -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    one_time_tokens (hash) {
        hash -> Text,
        purpose -> Text,
        user_id -> Nullable<Text>,
        partner_id -> Nullable<Text>,
        email_key -> Text,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    refresh_families (id) {
        id -> Text,
        user_id -> Text,
        membership_id -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        ip -> Nullable<Text>,
        expires_at -> BigInt,
        last_used_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoked_reason -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    refresh_tokens (hash) {
        hash -> Text,
        family_id -> Text,
        predecessor_hash -> Nullable<Text>,
        issued_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    service_clients (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        description -> Nullable<Text>,
        scopes -> Text,
        partner_id -> Nullable<Text>,
        status -> Text,
        last_used_at -> Nullable<BigInt>,
        created_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        jwks -> Nullable<Text>,
    }
}

diesel::table! {
    client_secrets (id) {
        id -> Text,
        client_id -> Text,
        slot -> BigInt,
        hash -> Text,
        last4 -> Text,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        public_id -> Text,
        name -> Text,
        name_key -> Text,
        hash -> Text,
        last4 -> Text,
        user_id -> Nullable<Text>,
        client_id -> Nullable<Text>,
        membership_id -> Nullable<Text>,
        partner_id -> Nullable<Text>,
        scopes -> Text,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        created_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    login_throttles (subject) {
        subject -> Text,
        kind -> Text,
        failures -> BigInt,
        first_failure_at -> BigInt,
        blocked_until -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        sealed_private_key -> Text,
        public_jwk -> Text,
        activates_at -> BigInt,
        retires_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    sign_ins (id) {
        id -> Text,
        user_id -> Nullable<Text>,
        partner_id -> Nullable<Text>,
        identifier_hash -> Nullable<Text>,
        at -> BigInt,
        day_on -> Text,
        method -> Text,
        outcome -> Text,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        second_factor -> Nullable<Text>,
    }
}

diesel::table! {
    programs (id) {
        id -> Text,
        code -> Text,
        name -> Text,
        name_key -> Text,
        description -> Nullable<Text>,
        status -> Text,
        distributor_sees_resellers -> Bool,
        custom -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    program_versions (program_id, version) {
        program_id -> Text,
        version -> BigInt,
        valid_from -> BigInt,
        status -> Text,
        note -> Nullable<Text>,
        currency -> Text,
        auto_promote -> Bool,
        notice_days -> BigInt,
        published_by -> Nullable<Text>,
        published_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    tier_versions (id) {
        id -> Text,
        program_id -> Text,
        version -> BigInt,
        rank -> BigInt,
        name -> Text,
        name_key -> Text,
        criteria -> Text,
        benefits -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    program_memberships (id) {
        id -> Text,
        partner_id -> Text,
        program_id -> Text,
        standing -> Text,
        grace_until -> Nullable<BigInt>,
        risk -> Nullable<Text>,
        appeal -> Nullable<Text>,
        joined_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    evaluation_runs (id) {
        id -> Text,
        program_id -> Text,
        version -> BigInt,
        as_of -> BigInt,
        rule_version -> Text,
        mode -> Text,
        partner_id -> Nullable<Text>,
        evaluated -> BigInt,
        promotions -> BigInt,
        demotions -> BigInt,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    evaluation_results (id) {
        id -> Text,
        run_id -> Text,
        program_id -> Text,
        partner_id -> Text,
        membership_id -> Text,
        current_tier_id -> Nullable<Text>,
        proposed_tier_id -> Text,
        proposal -> Text,
        effect -> Text,
        criteria -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    tier_assignments (id) {
        id -> Text,
        membership_id -> Text,
        partner_id -> Text,
        program_id -> Text,
        valid_from -> BigInt,
        tier_version_id -> Nullable<Text>,
        cause -> Text,
        reason_code -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        override_until -> Nullable<BigInt>,
        evaluation_result_id -> Nullable<Text>,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    customer_accounts (id) {
        id -> Text,
        number -> Text,
        name -> Text,
        name_key -> Text,
        website -> Nullable<Text>,
        domain -> Nullable<Text>,
        registration_number -> Nullable<Text>,
        registration_authority -> Nullable<Text>,
        registration_key -> Nullable<Text>,
        phone -> Nullable<Text>,
        street -> Nullable<Text>,
        city -> Nullable<Text>,
        region -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Nullable<Text>,
        parent_id -> Nullable<Text>,
        industry -> Nullable<Text>,
        employees -> Nullable<BigInt>,
        annual_revenue_minor -> Nullable<BigInt>,
        annual_revenue_currency -> Nullable<Text>,
        founded_year -> Nullable<BigInt>,
        territory_id -> Nullable<Text>,
        owner_id -> Nullable<Text>,
        status -> Text,
        merged_into_id -> Nullable<Text>,
        claim_seq -> BigInt,
        custom -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    account_keys (kind, key, account_id) {
        kind -> Text,
        key -> Text,
        account_id -> Text,
    }
}

diesel::table! {
    account_aliases (id) {
        id -> Text,
        account_id -> Text,
        kind -> Text,
        value -> Text,
        value_key -> Text,
        detail -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    account_merges (id) {
        id -> Text,
        kind -> Text,
        survivor_id -> Text,
        other_id -> Nullable<Text>,
        undoes_id -> Nullable<Text>,
        status -> Text,
        plan -> Text,
        effects -> Nullable<Text>,
        reason -> Text,
        planned_by -> Text,
        executed_by -> Nullable<Text>,
        executed_at -> Nullable<BigInt>,
        undone_by -> Nullable<Text>,
        undone_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    direct_opportunities (id) {
        id -> Text,
        number -> Text,
        account_id -> Text,
        title -> Text,
        title_key -> Text,
        product_id -> Nullable<Text>,
        territory_id -> Nullable<Text>,
        deal_type -> Text,
        status -> Text,
        stage -> Text,
        amount_minor -> Nullable<BigInt>,
        amount_currency -> Nullable<Text>,
        expected_close_on -> Nullable<Text>,
        owner_id -> Nullable<Text>,
        owner_name -> Nullable<Text>,
        opened_at -> BigInt,
        last_activity_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        custom -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    named_accounts (id) {
        id -> Text,
        account_id -> Text,
        product_id -> Nullable<Text>,
        territory_id -> Nullable<Text>,
        starts_on -> Text,
        ends_on -> Nullable<Text>,
        owner_id -> Nullable<Text>,
        reason -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    installed_base (id) {
        id -> Text,
        account_id -> Text,
        product_id -> Text,
        territory_id -> Nullable<Text>,
        since_on -> Nullable<Text>,
        ends_on -> Nullable<Text>,
        quantity -> Nullable<BigInt>,
        partner_id -> Nullable<Text>,
        source -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    conflict_checks (id) {
        id -> Text,
        purpose -> Text,
        deal_id -> Nullable<Text>,
        partner_id -> Nullable<Text>,
        account_id -> Nullable<Text>,
        entity_class -> Nullable<Text>,
        verdict -> Text,
        queue_position -> Nullable<BigInt>,
        earliest_free_at -> Nullable<BigInt>,
        rule_version -> Text,
        policy_version -> BigInt,
        as_of -> BigInt,
        input_hash -> Text,
        input -> Text,
        document -> Text,
        redacted -> Text,
        replay_of_id -> Nullable<Text>,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    approval_delegations (id) {
        id -> Text,
        person_id -> Text,
        delegate_id -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        kinds -> Text,
        reason -> Text,
        created_by -> Text,
        cancelled_by -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    approval_steps (id) {
        id -> Text,
        subject_type -> Text,
        subject_id -> Text,
        subject_label -> Text,
        partner_id -> Nullable<Text>,
        requested_by -> Text,
        round -> BigInt,
        position -> BigInt,
        name -> Text,
        approver_role -> Text,
        from_amount_minor -> Nullable<BigInt>,
        from_amount_currency -> Nullable<Text>,
        quorum -> BigInt,
        escalate_after_hours -> Nullable<BigInt>,
        escalate_to -> Text,
        status -> Text,
        pending_since -> Nullable<BigInt>,
        escalates_at -> Nullable<BigInt>,
        paused_at -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        note -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        clock_basis -> Nullable<Text>,
        calendar_id -> Nullable<Text>,
    }
}

diesel::table! {
    approval_escalations (step_id) {
        step_id -> Text,
        escalated_to -> Text,
        due_at -> BigInt,
        escalated_at -> BigInt,
    }
}

diesel::table! {
    approval_votes (id) {
        id -> Text,
        step_id -> Text,
        person_id -> Text,
        voice_id -> Text,
        delegation_id -> Nullable<Text>,
        decision -> Text,
        reason -> Nullable<Text>,
        decided_at -> BigInt,
    }
}

diesel::table! {
    deals (id) {
        id -> Text,
        number -> Text,
        partner_id -> Text,
        distributor_id -> Nullable<Text>,
        submitter_id -> Nullable<Text>,
        title -> Text,
        title_key -> Text,
        deal_type -> Text,
        source -> Text,
        territory_id -> Nullable<Text>,
        customer_account_id -> Nullable<Text>,
        amount_minor -> Nullable<BigInt>,
        amount_currency -> Nullable<Text>,
        expected_close_on -> Nullable<Text>,
        review_status -> Text,
        stage -> Text,
        received_at -> Nullable<BigInt>,
        seq -> Nullable<BigInt>,
        review_due_at -> Nullable<BigInt>,
        assignee_id -> Nullable<Text>,
        conflict_check_id -> Nullable<Text>,
        policy_version -> Nullable<BigInt>,
        last_activity_at -> BigInt,
        legacy -> Bool,
        closed_at -> Nullable<BigInt>,
        closed_reason -> Nullable<Text>,
        custom -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        win_verified_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    deal_details (deal_id) {
        deal_id -> Text,
        description -> Nullable<Text>,
        next_step -> Nullable<Text>,
        competitor -> Nullable<Text>,
        co_sell_needs -> Text,
        visibility -> Text,
        customer_consent -> Bool,
        on_behalf_of -> Nullable<Text>,
        missing -> Text,
    }
}

diesel::table! {
    deal_customer_inputs (deal_id) {
        deal_id -> Text,
        name -> Text,
        name_key -> Text,
        website -> Nullable<Text>,
        domain -> Nullable<Text>,
        registration_number -> Nullable<Text>,
        registration_authority -> Nullable<Text>,
        phone -> Nullable<Text>,
        email -> Nullable<Text>,
        street -> Nullable<Text>,
        city -> Nullable<Text>,
        region -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Nullable<Text>,
        resolution -> Text,
        resolved_at -> Nullable<BigInt>,
        resolved_by -> Nullable<Text>,
        input_hash -> Nullable<Text>,
        matcher_version -> Nullable<Text>,
        candidates -> Nullable<Text>,
        matched_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    deal_reviews (deal_id) {
        deal_id -> Text,
        submitted_by -> Text,
        submitted_at -> BigInt,
        round -> BigInt,
        paused_at -> Nullable<BigInt>,
        paused_micros -> BigInt,
        info_due_at -> Nullable<BigInt>,
        assigned_at -> Nullable<BigInt>,
        decided_at -> Nullable<BigInt>,
        auto_approved -> Bool,
        appeal_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    deal_lines (id) {
        id -> Text,
        deal_id -> Text,
        position -> BigInt,
        product_id -> Text,
        quantity -> BigInt,
        unit_price_minor -> Nullable<BigInt>,
        unit_price_currency -> Nullable<Text>,
        received_at -> Nullable<BigInt>,
        seq -> Nullable<BigInt>,
        review_status -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_contacts (id) {
        id -> Text,
        deal_id -> Text,
        position -> BigInt,
        name -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        title -> Nullable<Text>,
        role -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_sites (id) {
        id -> Text,
        deal_id -> Text,
        position -> BigInt,
        name -> Nullable<Text>,
        street -> Nullable<Text>,
        city -> Nullable<Text>,
        region -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_open_slots (partner_id, account_id, product_id, deal_type) {
        partner_id -> Text,
        account_id -> Text,
        product_id -> Text,
        deal_type -> Text,
        deal_id -> Text,
    }
}

diesel::table! {
    deal_decisions (id) {
        id -> Text,
        deal_id -> Text,
        step_id -> Nullable<Text>,
        outcome -> Text,
        decided_by -> Text,
        on_behalf_of -> Nullable<Text>,
        decided_at -> BigInt,
        reason_code -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        evidence -> Nullable<Text>,
        granted_scope -> Nullable<Text>,
        starts_at -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        discount_basis_points -> Nullable<BigInt>,
        terms -> Nullable<Text>,
        rule_version -> Nullable<Text>,
        policy_version -> Nullable<BigInt>,
        conflict_check_id -> Nullable<Text>,
        override_code -> Nullable<Text>,
        overridden_deals -> Nullable<Text>,
        reason_labels -> Nullable<Text>,
    }
}

diesel::table! {
    deal_info_requests (id) {
        id -> Text,
        deal_id -> Text,
        questions -> Text,
        due_at -> BigInt,
        status -> Text,
        asked_by -> Text,
        answers -> Nullable<Text>,
        answered_by -> Nullable<Text>,
        answered_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_extensions (id) {
        id -> Text,
        deal_id -> Text,
        status -> Text,
        previous_end_at -> BigInt,
        requested_end_at -> BigInt,
        granted_end_at -> Nullable<BigInt>,
        grace_until -> BigInt,
        evidence -> Text,
        requested_by -> Text,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        reason_code -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_amendments (id) {
        id -> Text,
        deal_id -> Text,
        status -> Text,
        changes -> Text,
        previous -> Text,
        review_of -> Text,
        reason -> Text,
        conflict_check_id -> Nullable<Text>,
        received_at -> BigInt,
        seq -> BigInt,
        requested_by -> Text,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decision_code -> Nullable<Text>,
        decision_text -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_comments (id) {
        id -> Text,
        deal_id -> Text,
        visibility -> Text,
        author_side -> Text,
        author_id -> Text,
        body -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_history (deal_id, seq) {
        deal_id -> Text,
        seq -> BigInt,
        at -> BigInt,
        actor_type -> Text,
        actor_id -> Text,
        action -> Text,
        axis -> Nullable<Text>,
        from_state -> Nullable<Text>,
        to_state -> Nullable<Text>,
        reason_code -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        detail -> Nullable<Text>,
        visibility -> Text,
    }
}

diesel::table! {
    deal_evidence (id) {
        id -> Text,
        deal_id -> Text,
        kind -> Text,
        reference -> Text,
        reference_key -> Text,
        issued_on -> Nullable<Text>,
        amount_minor -> Nullable<BigInt>,
        amount_currency -> Nullable<Text>,
        file_id -> Nullable<Text>,
        note -> Nullable<Text>,
        submitted_by -> Text,
        verified_by -> Nullable<Text>,
        verified_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_reopenings (id) {
        id -> Text,
        deal_id -> Text,
        status -> Text,
        from_status -> Text,
        reason_code -> Text,
        reason_text -> Nullable<Text>,
        requested_by -> Text,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    file_objects (key) {
        key -> Text,
        location -> Text,
        state -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    files (id) {
        id -> Text,
        object_key -> Nullable<Text>,
        partner_id -> Nullable<Text>,
        name -> Text,
        media_type -> Text,
        size_bytes -> BigInt,
        sha256 -> Text,
        scan_status -> Text,
        scanned_at -> Nullable<BigInt>,
        retain_until -> Nullable<BigInt>,
        content_deleted_at -> Nullable<BigInt>,
        uploaded_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    file_attachments (id) {
        id -> Text,
        file_id -> Text,
        resource_type -> Text,
        resource_id -> Text,
        partner_id -> Text,
        attached_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_appeals (id) {
        id -> Text,
        deal_id -> Text,
        decision_id -> Text,
        from_status -> Text,
        status -> Text,
        grounds -> Text,
        evidence -> Text,
        lodged_by -> Text,
        at_risk_at -> BigInt,
        due_at -> BigInt,
        adjudicator -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        remedy -> Nullable<Text>,
        conflict_case_id -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        policy_version -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    deal_transfers (id) {
        id -> Text,
        deal_id -> Text,
        from_partner_id -> Text,
        to_partner_id -> Text,
        new_deal_id -> Nullable<Text>,
        status -> Text,
        reason_code -> Text,
        reason_text -> Nullable<Text>,
        attribution -> Text,
        proposed_by -> Text,
        from_consent_by -> Nullable<Text>,
        from_consent_at -> Nullable<BigInt>,
        to_consent_by -> Nullable<Text>,
        to_consent_at -> Nullable<BigInt>,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        ended_reason -> Nullable<Text>,
        executed_by -> Nullable<Text>,
        executed_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    attribution_sets (id) {
        id -> Text,
        deal_id -> Text,
        valid_from -> BigInt,
        sealed -> Bool,
        reason -> Text,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    attribution_splits (set_id, partner_id, role) {
        set_id -> Text,
        partner_id -> Text,
        role -> Text,
        basis_points -> BigInt,
    }
}

diesel::table! {
    protections (id) {
        id -> Text,
        deal_id -> Text,
        partner_id -> Text,
        decision_id -> Nullable<Text>,
        account_id -> Text,
        product_id -> Text,
        territory_id -> Text,
        deal_type_class -> Text,
        exclusive -> Bool,
        starts_at -> BigInt,
        ends_at -> BigInt,
        granted_until -> BigInt,
        status -> Text,
        status_reason -> Nullable<Text>,
        status_since -> BigInt,
        transferred_to_id -> Nullable<Text>,
        legacy -> Bool,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    conflict_cases (id) {
        id -> Text,
        number -> Text,
        case_type -> Text,
        status -> Text,
        outcome -> Nullable<Text>,
        account_id -> Text,
        account_merge_id -> Nullable<Text>,
        conflict_check_id -> Nullable<Text>,
        summary -> Text,
        detail -> Text,
        adjudicator_id -> Nullable<Text>,
        acknowledge_due_at -> BigInt,
        evidence_due_at -> Nullable<BigInt>,
        decision_due_at -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
        resolution_text -> Nullable<Text>,
        resolved_by -> Nullable<Text>,
        resolved_at -> Nullable<BigInt>,
        opened_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    conflict_case_claims (id) {
        id -> Text,
        case_id -> Text,
        position -> BigInt,
        partner_id -> Nullable<Text>,
        deal_id -> Nullable<Text>,
        protection_id -> Nullable<Text>,
        direct_opportunity_id -> Nullable<Text>,
        named_account_id -> Nullable<Text>,
        received_at -> Nullable<BigInt>,
        seq -> Nullable<BigInt>,
        statement -> Nullable<Text>,
        evidence -> Text,
        outcome -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    conflict_probes (id) {
        id -> Text,
        partner_id -> Text,
        user_id -> Nullable<Text>,
        deal_id -> Nullable<Text>,
        conflict_check_id -> Text,
        input_hash -> Text,
        account_id -> Nullable<Text>,
        answer -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    import_runs (id) {
        id -> Text,
        mapping_name -> Text,
        mapping_hash -> Text,
        dry_run -> Bool,
        status -> Text,
        sources -> Text,
        counts -> Text,
        error -> Nullable<Text>,
        started_by -> Text,
        finished_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    import_rows (run_id, step, line) {
        run_id -> Text,
        step -> BigInt,
        source -> Text,
        line -> BigInt,
        resource_type -> Text,
        system -> Nullable<Text>,
        external_id -> Nullable<Text>,
        row_hash -> Text,
        verdict -> Text,
        reason_code -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        resource_id -> Nullable<Text>,
    }
}

diesel::table! {
    policy_simulations (id) {
        id -> Text,
        policy_id -> Text,
        policy_revision -> BigInt,
        compared_version -> BigInt,
        started_from -> Nullable<BigInt>,
        started_until -> Nullable<BigInt>,
        filter -> Text,
        deals -> BigInt,
        legacy_deals -> BigInt,
        differing_deals -> BigInt,
        counts -> Text,
        found_rows -> BigInt,
        stored_rows -> BigInt,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    policy_simulation_rows (simulation_id, position) {
        simulation_id -> Text,
        position -> BigInt,
        kind -> Text,
        deal_id -> Text,
        partner_id -> Text,
        value_before -> Text,
        value_after -> Text,
    }
}

diesel::table! {
    custom_values (record_type, record_id, name) {
        record_type -> Text,
        record_id -> Text,
        name -> Text,
        value_key -> Text,
    }
}

diesel::table! {
    portal_branding (id) {
        id -> Text,
        name -> Text,
        logo_url -> Nullable<Text>,
        icon_url -> Nullable<Text>,
        primary_color -> Text,
        accent_color -> Text,
        support_name -> Nullable<Text>,
        support_email -> Nullable<Text>,
        support_phone -> Nullable<Text>,
        support_url -> Nullable<Text>,
        legal_links -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    calendars (id) {
        id -> Text,
        code -> Text,
        name -> Text,
        name_key -> Text,
        time_zone -> Text,
        working_hours -> Text,
        holiday_regions -> Text,
        extra_days -> Text,
        working_days -> Text,
        is_default -> Bool,
        status -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    review_clocks (deal_id, round) {
        deal_id -> Text,
        round -> BigInt,
        territory_id -> Nullable<Text>,
        deal_type -> Text,
        calendar_id -> Nullable<Text>,
        calendar_revision -> Nullable<BigInt>,
        started_at -> BigInt,
        at_risk_at -> BigInt,
        due_at -> BigInt,
        paused_at -> Nullable<BigInt>,
        paused_micros -> BigInt,
        decided_at -> Nullable<BigInt>,
        automatic -> Bool,
        elapsed_micros -> Nullable<BigInt>,
        worked_micros -> Nullable<BigInt>,
        met -> Nullable<Bool>,
    }
}

diesel::table! {
    notices (id) {
        id -> Text,
        recipient_id -> Text,
        partner_id -> Nullable<Text>,
        topic -> Text,
        cause -> Text,
        resource_type -> Text,
        resource_id -> Text,
        path -> Text,
        action -> Nullable<Text>,
        locale -> Text,
        subject -> Text,
        body -> Text,
        template_revision -> BigInt,
        due_at -> Nullable<BigInt>,
        occurred_at -> BigInt,
        in_app -> Bool,
        mail -> Text,
        digest_at -> Nullable<BigInt>,
        mailed_at -> Nullable<BigInt>,
        read_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    notice_preferences (user_id) {
        user_id -> Text,
        choices -> Text,
        quiet_from -> Nullable<BigInt>,
        quiet_until -> Nullable<BigInt>,
        digest_hour -> BigInt,
        locale -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    notice_templates (topic, locale, revision) {
        topic -> Text,
        locale -> Text,
        revision -> BigInt,
        subject -> Nullable<Text>,
        body -> Nullable<Text>,
        changed_by -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    notice_digests (user_id, day) {
        user_id -> Text,
        day -> Text,
        notices -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    notice_reminders (id) {
        id -> Text,
        kind -> Text,
        resource_id -> Text,
        partner_id -> Text,
        deadline -> BigInt,
        days_before -> BigInt,
        due_at -> BigInt,
        state -> Text,
        settled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    tasks (id) {
        id -> Text,
        kind -> Text,
        title -> Text,
        detail -> Nullable<Text>,
        status -> Text,
        priority -> Text,
        visibility -> Text,
        resource_type -> Nullable<Text>,
        resource_id -> Nullable<Text>,
        partner_id -> Nullable<Text>,
        assignee_id -> Nullable<Text>,
        due_at -> Nullable<BigInt>,
        created_by -> Text,
        created_side -> Text,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    interactions (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        happened_at -> BigInt,
        duration_minutes -> Nullable<BigInt>,
        summary -> Nullable<Text>,
        mail_message_id -> Nullable<Text>,
        visibility -> Text,
        resource_type -> Text,
        resource_id -> Text,
        partner_id -> Nullable<Text>,
        next_step -> Nullable<Text>,
        follow_up_task_id -> Nullable<Text>,
        created_by -> Text,
        created_side -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    interaction_participants (interaction_id, position) {
        interaction_id -> Text,
        position -> BigInt,
        user_id -> Nullable<Text>,
        person_id -> Nullable<Text>,
    }
}

diesel::table! {
    saved_views (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        operation -> Text,
        filters -> Text,
        sort -> Nullable<Text>,
        shown_fields -> Text,
        visibility -> Text,
        owner_id -> Text,
        partner_id -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    usage_days (partner_id, day_on, user_id, kind, resource) {
        partner_id -> Text,
        day_on -> Text,
        user_id -> Text,
        kind -> Text,
        resource -> Text,
        times -> BigInt,
    }
}

diesel::table! {
    response_times (event_id) {
        event_id -> Text,
        partner_id -> Text,
        day_on -> Text,
        side -> Text,
        kind -> Text,
        asked_at -> BigInt,
        answered_at -> BigInt,
        seconds -> BigInt,
        business_seconds -> BigInt,
    }
}

diesel::table! {
    usage_marks (name) {
        name -> Text,
        position -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    retention_terms (name) {
        name -> Text,
        days -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    sign_in_marks (name) {
        name -> Text,
        before_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Text,
        sealed_secret -> Text,
        confirmed_at -> Nullable<BigInt>,
        last_step -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    recovery_codes (hash) {
        hash -> Text,
        user_id -> Text,
        used_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    sign_in_challenges (hash) {
        hash -> Text,
        user_id -> Text,
        partner_id -> Nullable<Text>,
        tries -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    benefit_grants (id) {
        id -> Text,
        membership_id -> Text,
        partner_id -> Text,
        program_id -> Text,
        tier_version_id -> Text,
        code -> Text,
        name -> Text,
        kind -> Text,
        product_id -> Nullable<Text>,
        granted -> BigInt,
        consumed -> BigInt,
        valid_from -> BigInt,
        valid_until -> Nullable<BigInt>,
        renews -> Bool,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    benefit_uses (id) {
        id -> Text,
        grant_id -> Text,
        partner_id -> Text,
        quantity -> BigInt,
        purpose -> Nullable<Text>,
        reference -> Nullable<Text>,
        used_by -> Text,
        returned_at -> Nullable<BigInt>,
        return_reason -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    specialisations (id) {
        id -> Text,
        program_id -> Text,
        code -> Text,
        name -> Text,
        name_key -> Text,
        description -> Nullable<Text>,
        criteria -> Text,
        currency -> Text,
        validity_days -> Nullable<BigInt>,
        status -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    specialisation_awards (id) {
        id -> Text,
        specialisation_id -> Text,
        partner_id -> Text,
        basis -> Text,
        reason -> Nullable<Text>,
        findings -> Text,
        valid_from -> BigInt,
        valid_until -> Nullable<BigInt>,
        renewals -> BigInt,
        renewed_at -> Nullable<BigInt>,
        withdrawn_at -> Nullable<BigInt>,
        withdrawal_reason -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    identity_providers (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        issuer -> Text,
        audience -> Text,
        algorithms -> Text,
        partner_id -> Nullable<Text>,
        link_by -> Text,
        email_claim -> Text,
        email_domains -> Text,
        roles_by -> Text,
        roles_claim -> Nullable<Text>,
        role_map -> Text,
        partner_claim -> Nullable<Text>,
        amr -> Text,
        enabled -> Bool,
        created_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        authorised_parties -> Text,
    }
}

diesel::table! {
    identity_links (id) {
        id -> Text,
        provider_id -> Text,
        subject -> Text,
        user_id -> Text,
        created_by -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    used_tokens (hash) {
        hash -> Text,
        kind -> Text,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    revoked_tokens (jti) {
        jti -> Text,
        client_id -> Text,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Text,
        partner_id -> Nullable<Text>,
        client_id -> Nullable<Text>,
        created_by -> Text,
        url -> Text,
        description -> Nullable<Text>,
        event_types -> Text,
        include_data -> Bool,
        status -> Text,
        disabled_reason -> Nullable<Text>,
        disabled_at -> Nullable<BigInt>,
        sealed_secret -> Text,
        secret_since -> BigInt,
        sealed_previous -> Nullable<Text>,
        previous_secret_until -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        scopes -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_marks (endpoint_id) {
        endpoint_id -> Text,
        position -> BigInt,
        sequence -> BigInt,
        generation -> BigInt,
        failing_since -> Nullable<BigInt>,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        endpoint_id -> Text,
        partner_id -> Nullable<Text>,
        kind -> Text,
        sequence -> Nullable<BigInt>,
        position -> Nullable<BigInt>,
        event_id -> Nullable<Text>,
        event_type -> Text,
        resource_type -> Text,
        resource_id -> Text,
        occurred_at -> BigInt,
        status -> Text,
        attempts -> BigInt,
        tries -> BigInt,
        next_attempt_at -> Nullable<BigInt>,
        last_attempt_at -> Nullable<BigInt>,
        last_status -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        delivered_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    webhook_attempts (delivery_id, number) {
        delivery_id -> Text,
        number -> BigInt,
        attempted_at -> BigInt,
        milliseconds -> BigInt,
        status -> Nullable<BigInt>,
        error -> Nullable<Text>,
        signature -> Nullable<Text>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    partner_segments (id) {
        id -> Text,
        partner_id -> Text,
        segment -> Nullable<Text>,
        valid_from -> BigInt,
        reason_text -> Text,
        policy_version -> BigInt,
        created_by -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    import_jobs (id) {
        id -> Text,
        status -> Text,
        kind -> Text,
        system -> Text,
        format -> Text,
        file_id -> Text,
        file_name -> Text,
        file_sha256 -> Text,
        dry_run -> Bool,
        legacy -> Bool,
        mapping -> Text,
        bytes_total -> BigInt,
        bytes_read -> BigInt,
        rows_read -> BigInt,
        rows_done -> BigInt,
        rows_created -> BigInt,
        rows_updated -> BigInt,
        rows_unchanged -> BigInt,
        rows_draft -> BigInt,
        rows_skipped -> BigInt,
        rows_rejected -> BigInt,
        rows_removed -> BigInt,
        rows_restored -> BigInt,
        rows_left -> BigInt,
        error -> Nullable<Text>,
        created_by -> Text,
        started_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    import_work (import_id) {
        import_id -> Text,
        content_key -> Nullable<Text>,
        authority -> Text,
        pass -> BigInt,
        phase -> Text,
        position -> BigInt,
        line -> BigInt,
        delimiter -> BigInt,
        header -> Nullable<Text>,
        at_line -> BigInt,
        brought -> BigInt,
        read_skipped -> BigInt,
        read_rejected -> BigInt,
        failures -> BigInt,
        kept -> Bool,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    import_job_rows (import_id, line) {
        import_id -> Text,
        line -> BigInt,
        staged -> Text,
        pass -> BigInt,
        sort_at -> Nullable<BigInt>,
        first_line -> Nullable<BigInt>,
        row_key -> Nullable<Text>,
        name_key -> Nullable<Text>,
        said -> Nullable<Text>,
        content -> Nullable<Text>,
        raw -> Nullable<Text>,
        verdict -> Nullable<Text>,
        reason_code -> Nullable<Text>,
        reason_text -> Nullable<Text>,
        resource_id -> Nullable<Text>,
        left_revision -> Nullable<BigInt>,
        left_event -> Nullable<BigInt>,
        undo_verdict -> Nullable<Text>,
        undo_code -> Nullable<Text>,
        undo_text -> Nullable<Text>,
    }
}

diesel::table! {
    external_systems (id) {
        id -> Text,
        code -> Text,
        name -> Text,
        kind -> Text,
        state -> Text,
        failing_since -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    sync_links (id) {
        id -> Text,
        system_id -> Text,
        resource_type -> Text,
        resource_id -> Text,
        external_id -> Text,
        state -> Text,
        our_revision -> BigInt,
        pushed_revision -> Nullable<BigInt>,
        pushed_at -> Nullable<BigInt>,
        pulled_revision -> Nullable<Text>,
        pulled_changed_at -> Nullable<BigInt>,
        pulled_at -> Nullable<BigInt>,
        agreed_revision -> BigInt,
        pending_since -> Nullable<BigInt>,
        error_code -> Nullable<Text>,
        error_detail -> Nullable<Text>,
        failing_since -> Nullable<BigInt>,
        failed_at -> Nullable<BigInt>,
        failures -> BigInt,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    sync_conflicts (id) {
        id -> Text,
        link_id -> Nullable<Text>,
        system_id -> Text,
        resource_type -> Text,
        resource_id -> Text,
        external_id -> Text,
        state -> Text,
        base_revision -> BigInt,
        our_revision -> BigInt,
        their_revision -> Text,
        their_changed_at -> Nullable<BigInt>,
        base -> Nullable<Text>,
        ours -> Text,
        theirs -> Text,
        fields -> Text,
        resolution -> Nullable<Text>,
        resolved_by -> Nullable<Text>,
        resolved_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    field_maps (id) {
        id -> Text,
        system_id -> Text,
        resource_type -> Text,
        version -> BigInt,
        state -> Text,
        valid_from -> Nullable<BigInt>,
        entries -> Text,
        note -> Nullable<Text>,
        created_by -> Text,
        published_by -> Nullable<Text>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    sync_reviews (id) {
        id -> Text,
        system_id -> Text,
        resource_type -> Text,
        external_id -> Text,
        described -> Text,
        candidates -> Text,
        state -> Text,
        resource_id -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::joinable!(users -> people (person_id));
diesel::joinable!(users -> teams (team_id));
diesel::joinable!(user_roles -> users (user_id));
diesel::joinable!(event_audiences -> events (event_seq));
diesel::joinable!(product_aliases -> products (product_id));
diesel::joinable!(user_territories -> territories (territory_id));
diesel::joinable!(user_territories -> users (user_id));
diesel::joinable!(partner_applications -> partners (partner_id));
diesel::joinable!(partner_applications -> users (reviewer_id));
diesel::joinable!(partner_invitations -> partners (partner_id));
diesel::joinable!(partner_info_requests -> partners (partner_id));
diesel::joinable!(partner_status_changes -> partners (partner_id));
diesel::joinable!(partner_types -> partners (partner_id));
diesel::joinable!(partner_domains -> partners (partner_id));
diesel::joinable!(partner_territories -> partners (partner_id));
diesel::joinable!(partner_territories -> territories (territory_id));
diesel::joinable!(product_authorisations -> partners (partner_id));
diesel::joinable!(product_authorisations -> products (product_id));
diesel::joinable!(product_authorisations -> territories (territory_id));
diesel::joinable!(employments -> partners (partner_id));
diesel::joinable!(employments -> people (person_id));
diesel::joinable!(employment_roles -> employments (employment_id));
diesel::joinable!(partner_memberships -> partners (partner_id));
diesel::joinable!(partner_memberships -> users (user_id));
diesel::joinable!(partner_membership_roles -> partner_memberships (membership_id));
diesel::joinable!(handovers -> partners (partner_id));
diesel::joinable!(handover_items -> handovers (handover_id));
diesel::joinable!(account_manager_assignments -> handovers (handover_id));
diesel::joinable!(account_manager_assignments -> partners (partner_id));
diesel::joinable!(account_manager_assignments -> users (user_id));
diesel::joinable!(notes -> partners (partner_id));
diesel::joinable!(one_time_tokens -> partners (partner_id));
diesel::joinable!(one_time_tokens -> users (user_id));
diesel::joinable!(refresh_families -> partner_memberships (membership_id));
diesel::joinable!(refresh_families -> users (user_id));
diesel::joinable!(refresh_tokens -> refresh_families (family_id));
diesel::joinable!(service_clients -> partners (partner_id));
diesel::joinable!(client_secrets -> service_clients (client_id));
diesel::joinable!(api_keys -> partner_memberships (membership_id));
diesel::joinable!(api_keys -> partners (partner_id));
diesel::joinable!(api_keys -> service_clients (client_id));
diesel::joinable!(api_keys -> users (user_id));
diesel::joinable!(sign_ins -> partners (partner_id));
diesel::joinable!(sign_ins -> users (user_id));
diesel::joinable!(program_versions -> programs (program_id));
diesel::joinable!(program_memberships -> partners (partner_id));
diesel::joinable!(program_memberships -> programs (program_id));
diesel::joinable!(evaluation_runs -> partners (partner_id));
diesel::joinable!(evaluation_results -> evaluation_runs (run_id));
diesel::joinable!(evaluation_results -> program_memberships (membership_id));
diesel::joinable!(tier_assignments -> evaluation_results (evaluation_result_id));
diesel::joinable!(tier_assignments -> program_memberships (membership_id));
diesel::joinable!(tier_assignments -> tier_versions (tier_version_id));
diesel::joinable!(customer_accounts -> territories (territory_id));
diesel::joinable!(customer_accounts -> users (owner_id));
diesel::joinable!(account_keys -> customer_accounts (account_id));
diesel::joinable!(account_aliases -> customer_accounts (account_id));
diesel::joinable!(direct_opportunities -> customer_accounts (account_id));
diesel::joinable!(direct_opportunities -> products (product_id));
diesel::joinable!(direct_opportunities -> territories (territory_id));
diesel::joinable!(direct_opportunities -> users (owner_id));
diesel::joinable!(named_accounts -> customer_accounts (account_id));
diesel::joinable!(named_accounts -> products (product_id));
diesel::joinable!(named_accounts -> territories (territory_id));
diesel::joinable!(named_accounts -> users (owner_id));
diesel::joinable!(installed_base -> customer_accounts (account_id));
diesel::joinable!(installed_base -> partners (partner_id));
diesel::joinable!(installed_base -> products (product_id));
diesel::joinable!(installed_base -> territories (territory_id));
diesel::joinable!(conflict_checks -> customer_accounts (account_id));
diesel::joinable!(conflict_checks -> partners (partner_id));
diesel::joinable!(deals -> conflict_checks (conflict_check_id));
diesel::joinable!(deals -> customer_accounts (customer_account_id));
diesel::joinable!(deals -> partners (partner_id));
diesel::joinable!(deals -> territories (territory_id));
diesel::joinable!(deal_details -> deals (deal_id));
diesel::joinable!(deal_customer_inputs -> deals (deal_id));
diesel::joinable!(deal_reviews -> deals (deal_id));
diesel::joinable!(deal_lines -> deals (deal_id));
diesel::joinable!(deal_lines -> products (product_id));
diesel::joinable!(deal_contacts -> deals (deal_id));
diesel::joinable!(deal_sites -> deals (deal_id));
diesel::joinable!(deal_open_slots -> customer_accounts (account_id));
diesel::joinable!(deal_open_slots -> deals (deal_id));
diesel::joinable!(deal_open_slots -> products (product_id));
diesel::joinable!(approval_steps -> partners (partner_id));
diesel::joinable!(approval_escalations -> approval_steps (step_id));
diesel::joinable!(approval_votes -> approval_delegations (delegation_id));
diesel::joinable!(approval_votes -> approval_steps (step_id));
diesel::joinable!(deal_decisions -> conflict_checks (conflict_check_id));
diesel::joinable!(deal_decisions -> approval_steps (step_id));
diesel::joinable!(deal_decisions -> deals (deal_id));
diesel::joinable!(deal_info_requests -> deals (deal_id));
diesel::joinable!(deal_extensions -> deals (deal_id));
diesel::joinable!(deal_amendments -> conflict_checks (conflict_check_id));
diesel::joinable!(deal_amendments -> deals (deal_id));
diesel::joinable!(deal_comments -> deals (deal_id));
diesel::joinable!(deal_history -> deals (deal_id));
diesel::joinable!(deal_evidence -> deals (deal_id));
diesel::joinable!(deal_reopenings -> deals (deal_id));
diesel::joinable!(deal_appeals -> deals (deal_id));
diesel::joinable!(file_attachments -> files (file_id));
diesel::joinable!(deal_appeals -> deal_decisions (decision_id));
diesel::joinable!(deal_appeals -> conflict_cases (conflict_case_id));
diesel::joinable!(deal_transfers -> deals (deal_id));
diesel::joinable!(deal_transfers -> partners (to_partner_id));
diesel::joinable!(attribution_sets -> deals (deal_id));
diesel::joinable!(attribution_splits -> attribution_sets (set_id));
diesel::joinable!(attribution_splits -> partners (partner_id));
diesel::joinable!(protections -> customer_accounts (account_id));
diesel::joinable!(protections -> deal_decisions (decision_id));
diesel::joinable!(protections -> deals (deal_id));
diesel::joinable!(protections -> products (product_id));
diesel::joinable!(protections -> territories (territory_id));
diesel::joinable!(conflict_cases -> account_merges (account_merge_id));
diesel::joinable!(conflict_cases -> conflict_checks (conflict_check_id));
diesel::joinable!(conflict_cases -> customer_accounts (account_id));
diesel::joinable!(conflict_cases -> users (adjudicator_id));
diesel::joinable!(conflict_case_claims -> conflict_cases (case_id));
diesel::joinable!(conflict_case_claims -> deals (deal_id));
diesel::joinable!(conflict_case_claims -> direct_opportunities (direct_opportunity_id));
diesel::joinable!(conflict_case_claims -> named_accounts (named_account_id));
diesel::joinable!(conflict_case_claims -> partners (partner_id));
diesel::joinable!(conflict_case_claims -> protections (protection_id));
diesel::joinable!(conflict_probes -> conflict_checks (conflict_check_id));
diesel::joinable!(conflict_probes -> customer_accounts (account_id));
diesel::joinable!(conflict_probes -> deals (deal_id));
diesel::joinable!(conflict_probes -> partners (partner_id));
diesel::joinable!(conflict_probes -> users (user_id));
diesel::joinable!(import_rows -> import_runs (run_id));
diesel::joinable!(policy_simulations -> policies (policy_id));
diesel::joinable!(policy_simulation_rows -> deals (deal_id));
diesel::joinable!(policy_simulation_rows -> partners (partner_id));
diesel::joinable!(policy_simulation_rows -> policy_simulations (simulation_id));

diesel::joinable!(territories -> calendars (calendar_id));
diesel::joinable!(review_clocks -> calendars (calendar_id));
diesel::joinable!(review_clocks -> deals (deal_id));
diesel::joinable!(review_clocks -> territories (territory_id));
diesel::joinable!(tasks -> partners (partner_id));
diesel::joinable!(tasks -> users (assignee_id));
diesel::joinable!(interactions -> partners (partner_id));
diesel::joinable!(interactions -> tasks (follow_up_task_id));
diesel::joinable!(interaction_participants -> interactions (interaction_id));
diesel::joinable!(interaction_participants -> people (person_id));
diesel::joinable!(interaction_participants -> users (user_id));
diesel::joinable!(saved_views -> partners (partner_id));
diesel::joinable!(saved_views -> users (owner_id));
diesel::joinable!(usage_days -> partners (partner_id));
diesel::joinable!(usage_days -> users (user_id));
diesel::joinable!(response_times -> partners (partner_id));
diesel::joinable!(second_factors -> users (user_id));
diesel::joinable!(recovery_codes -> second_factors (user_id));
diesel::joinable!(sign_in_challenges -> second_factors (user_id));
diesel::joinable!(sign_in_challenges -> partners (partner_id));
diesel::joinable!(benefit_grants -> products (product_id));
diesel::joinable!(benefit_grants -> tier_versions (tier_version_id));
diesel::joinable!(benefit_uses -> benefit_grants (grant_id));
diesel::joinable!(specialisations -> programs (program_id));
diesel::joinable!(specialisation_awards -> partners (partner_id));
diesel::joinable!(specialisation_awards -> specialisations (specialisation_id));
diesel::joinable!(identity_providers -> partners (partner_id));
diesel::joinable!(identity_links -> identity_providers (provider_id));
diesel::joinable!(identity_links -> users (user_id));
diesel::joinable!(revoked_tokens -> service_clients (client_id));

diesel::joinable!(webhook_marks -> webhook_endpoints (endpoint_id));
diesel::joinable!(webhook_deliveries -> webhook_endpoints (endpoint_id));
diesel::joinable!(webhook_attempts -> webhook_deliveries (delivery_id));
diesel::joinable!(partner_segments -> partners (partner_id));
diesel::joinable!(import_work -> import_jobs (import_id));
diesel::joinable!(import_job_rows -> import_jobs (import_id));
diesel::joinable!(sync_links -> external_systems (system_id));
diesel::joinable!(sync_conflicts -> external_systems (system_id));
diesel::joinable!(sync_conflicts -> sync_links (link_id));
diesel::joinable!(field_maps -> external_systems (system_id));
diesel::joinable!(sync_reviews -> external_systems (system_id));

/// Tables that meet in a query, each with those it meets that stand after it in the alphabet. Diesel would rather have one
/// list of all tables, but writes ten impls for each pair of a list: of 130 tables that is 90,000, which cost a build minutes.
macro_rules! meet {
    ($($left:ident: $($right:ident),+;)+) => {
        $($(diesel::allow_tables_to_appear_in_same_query!($left, $right);)+)+
    };
}

meet! {
    account_aliases: customer_accounts;
    account_keys: customer_accounts;
    account_manager_assignments:
        handovers, partner_territories, partners, teams, territory_closure, user_territories, users;
    account_merges: conflict_cases;
    api_keys: partner_memberships, partners, service_clients, users;
    approval_delegations: approval_votes;
    approval_escalations: approval_steps, approval_votes;
    approval_steps: approval_votes, deal_decisions, deals, partners;
    approval_votes: partners;
    attribution_sets: attribution_splits, deals;
    attribution_splits: partners;
    benefit_grants: benefit_uses, partners, products, tier_versions, users;
    benefit_uses: partners, tier_versions, users;
    calendars: deals, policies, review_clocks, territories;
    client_secrets: service_clients;
    conflict_case_claims: conflict_cases, deals, direct_opportunities, named_accounts, partners, protections;
    conflict_cases:
        conflict_checks, customer_accounts, deal_appeals, deals, direct_opportunities, installed_base, interactions,
        named_accounts, notes, partners, protections, tasks, users;
    conflict_checks: conflict_probes, customer_accounts, deal_amendments, deal_decisions, deals, partners, territories;
    conflict_probes: customer_accounts, deals, partners, users;
    customer_accounts:
        deal_open_slots, deals, direct_opportunities, installed_base, interactions, named_accounts, notes, partners,
        products, protections, tasks, territories, users;
    deal_amendments: deals;
    deal_appeals:
        deal_decisions, deal_extensions, deal_info_requests, deals, partners, protections, specialisation_awards;
    deal_comments: deals;
    deal_contacts:
        deal_customer_inputs, deal_decisions, deal_details, deal_info_requests, deal_lines, deal_reviews, deal_sites,
        deals, products, protections, review_clocks;
    deal_customer_inputs:
        deal_decisions, deal_details, deal_info_requests, deal_lines, deal_reviews, deal_sites, deals, protections,
        review_clocks, territories;
    deal_decisions:
        deal_details, deal_extensions, deal_history, deal_info_requests, deal_lines, deal_reviews, deal_sites, deals,
        product_authorisations, protections, review_clocks;
    deal_details:
        deal_history, deal_info_requests, deal_lines, deal_reviews, deal_sites, deals, protections, review_clocks,
        territories;
    deal_evidence: deals, files;
    deal_extensions: deal_info_requests, deals, partners, protections, specialisation_awards;
    deal_history: deal_reviews, deals, protections;
    deal_info_requests:
        deal_lines, deal_reviews, deal_sites, deals, partners, protections, review_clocks, specialisation_awards;
    deal_lines:
        deal_reviews, deal_sites, deals, product_closure, products, protections, review_clocks, territory_closure;
    deal_open_slots: deals, products;
    deal_reopenings: deals;
    deal_reviews: deal_sites, deals, protections, review_clocks, territories;
    deal_sites: deals, products, protections, review_clocks;
    deal_transfers: deals, partners;
    deals:
        direct_opportunities, evaluation_results, events, installed_base, interactions, named_accounts, notes,
        notices, partners, people, policies, policy_simulation_rows, product_authorisations, product_closure,
        products, programs, protections, review_clocks, specialisation_awards, tasks, territories, territory_closure;
    direct_opportunities:
        installed_base, interactions, named_accounts, notes, products, protections, tasks, territories, users;
    employment_roles: employments, partners, people;
    employments: partners, people, product_authorisations;
    evaluation_results: evaluation_runs, program_memberships, programs, tier_assignments;
    evaluation_runs: partners;
    event_audiences: events, partners;
    events: notices, partners, programs, webhook_marks;
    external_systems: field_maps, sync_conflicts, sync_links, sync_reviews;
    file_attachments: file_objects, files, partners;
    file_objects: files;
    files: partners;
    handover_items: handovers;
    handovers: partners;
    identity_links: identity_providers, partner_memberships, users;
    identity_providers: partners;
    import_job_rows: import_jobs;
    import_jobs: import_work;
    import_rows: import_runs;
    installed_base: interactions, named_accounts, notes, partners, products, protections, tasks, territories;
    interaction_participants: interactions, people, users;
    interactions: named_accounts, notes, partners, protections, tasks;
    named_accounts: notes, products, protections, tasks, territories, users;
    notes: partners, protections, tasks;
    notice_digests: notices;
    notice_preferences: people;
    notices: partners, programs;
    one_time_tokens: partners, users;
    partner_applications: partners, users;
    partner_domains: partners;
    partner_info_requests: partners;
    partner_invitations: partners;
    partner_membership_roles: partner_memberships, users;
    partner_memberships: partners, people, refresh_families, usage_days, users;
    partner_resellers: program_memberships, programs;
    partner_segments: partners;
    partner_status_changes: partners, product_authorisations;
    partner_territories:
        partner_types, partners, specialisations, teams, territories, territory_closure, user_territories, users;
    partner_types: partners, specialisations, territory_closure;
    partners:
        people, policy_simulation_rows, product_authorisations, products, program_memberships, programs, protections,
        response_times, review_clocks, saved_views, service_clients, sign_in_challenges, sign_ins,
        specialisation_awards, specialisations, tasks, territories, territory_closure, tier_versions, usage_days,
        users;
    people: product_authorisations, programs, usage_days, user_roles, users;
    policies: policy_simulations, review_clocks;
    policy_simulation_rows: policy_simulations;
    product_aliases: product_closure, products;
    product_authorisations: product_closure, products, territories, territory_closure;
    product_closure: products, protections, territories, territory_closure;
    products: programs, protections, territories, territory_closure, users;
    program_memberships: programs, tier_assignments;
    program_versions: programs, tier_versions;
    programs: specialisations, territories, tier_assignments, tier_versions;
    protections: review_clocks, specialisation_awards, tasks, territories, territory_closure;
    recovery_codes: second_factors, sign_in_challenges;
    refresh_families: refresh_tokens, users;
    response_times: usage_days, usage_marks;
    review_clocks: territories, territory_closure;
    revoked_tokens: service_clients, used_tokens;
    saved_views: users;
    second_factors: sign_in_challenges, users;
    service_clients: users;
    sign_ins: users;
    specialisation_awards: specialisations;
    specialisations: territory_closure;
    sync_conflicts: sync_links;
    tasks: users;
    teams: territory_closure, user_territories, users;
    territories: territory_closure, user_roles, user_territories, users;
    territory_closure: user_territories, users;
    tier_assignments: tier_versions;
    tier_versions: users;
    usage_days: users;
    user_roles: user_territories, users;
    user_territories: users;
    webhook_attempts: webhook_deliveries;
    webhook_deliveries: webhook_endpoints;
    webhook_endpoints: webhook_marks;
}

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    benefit_grants::program_id,
    benefit_grants::kind,
    tier_versions::name_key,
);
