import type { Knex } from 'knex';

/**
 * Every audit event becomes a link of one chain of hashes when its transaction commits: `hash` is SHA-256 over the hash before it
 * (32 zero bytes before the first) and the event's canonical text (docs/audit.md). The trigger does it for the release before, too.
 *
 * It waits until the commit, so that the lock which puts commits in a row is the last one its transaction takes: nobody who holds it
 * waits for anything else. What it reads after waiting is the chain as the transaction before left it, because every statement of
 * the function looks anew; a transaction that must not look anew (REPEATABLE READ) gets a serialization failure, never a fork.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_chain (
      seq      bigint PRIMARY KEY,
      event_id bigint NOT NULL,
      hash     bytea NOT NULL
    );
    -- which link an event is
    CREATE UNIQUE INDEX audit_chain_event ON audit_chain (event_id);

    -- signed statements of what the chain was: a compact JWS each (audit/checkpoint.ts)
    CREATE TABLE audit_checkpoints (
      number bigint PRIMARY KEY,
      seq    bigint NOT NULL,
      jws    text NOT NULL
    );
  `);
  // Most events by far, and nobody waits for it. There is no risk column yet, and none of them has one.
  await knex.raw(chainAll(false));
  await knex.raw(`
    ALTER TABLE audit_events ADD COLUMN risk jsonb;

    -- costly, so that one network is looked for in its index and not by reading the log
    CREATE FUNCTION audit_address(text) RETURNS inet IMMUTABLE STRICT LANGUAGE plpgsql COST 2000 AS $$
    BEGIN
      RETURN $1::inet;
    EXCEPTION WHEN invalid_text_representation THEN
      RETURN NULL;
    END $$;

    -- events of a type or of a noun ("client.%")
    CREATE INDEX audit_events_type ON audit_events (type text_pattern_ops);
    -- what did this operator or person do
    CREATE INDEX audit_events_actor ON audit_events (actor);
    -- what happened in this request
    CREATE INDEX audit_events_request ON audit_events (request_id) WHERE request_id IS NOT NULL;
    -- what came from this address or network
    CREATE INDEX audit_events_address ON audit_events (audit_address(address)) WHERE address IS NOT NULL;
    -- what looks wrong, newest first
    CREATE INDEX audit_events_risk ON audit_events (occurred_at, ((risk->>'score')::integer)) WHERE risk IS NOT NULL;

    CREATE FUNCTION audit_chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      head_seq  bigint;
      head_hash bytea;
      next_hash bytea;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('guichet audit chain', 0));
      SELECT seq, hash INTO head_seq, head_hash FROM audit_chain ORDER BY seq DESC LIMIT 1;
      next_hash := sha256(
        coalesce(head_hash, decode(repeat('00', 32), 'hex')) || convert_to(${canonical('NEW', true)}, 'UTF8')
      );
      IF current_setting('transaction_isolation') = 'read committed' THEN
        INSERT INTO audit_chain (seq, event_id, hash) VALUES (coalesce(head_seq, 0) + 1, NEW.id, next_hash);
        RETURN NULL;
      END IF;
      BEGIN
        INSERT INTO audit_chain (seq, event_id, hash) VALUES (coalesce(head_seq, 0) + 1, NEW.id, next_hash);
        RETURN NULL;
      EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'the audit chain has grown beyond the snapshot of this transaction'
          USING ERRCODE = 'serialization_failure';
      END;
    END $$;

    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;

    CREATE CONSTRAINT TRIGGER audit_events_chain AFTER INSERT ON audit_events
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_chain_event();
    CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
    CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
    CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
  `);
  // What was written while the first were chained. Nobody writes now: the triggers hold the table until the commit.
  await knex.raw(chainAll(true));
}

/** Members that are null are left out, so that a column which a later release adds changes no event of this one. */
function canonical(row: string, withRisk: boolean): string {
  return `'{"id":' || ${row}.id
        || ',"occurred_at":"' || to_char(${row}.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","type":' || to_json(${row}.type)::text
        || ',"actor":' || to_json(${row}.actor)::text
        || coalesce(',"client_id":' || to_json(${row}.client_id)::text, '')
        || coalesce(',"account_id":' || to_json(${row}.account_id)::text, '')
        || coalesce(',"request_id":' || to_json(${row}.request_id)::text, '')
        || coalesce(',"address":' || to_json(${row}.address)::text, '')
        || ',"detail":' || ${row}.detail::text
        ${withRisk ? `|| coalesce(',"risk":' || ${row}.risk::text, '')` : ''}
        || '}'`;
}

function chainAll(withRisk: boolean): string {
  return `
    DO $$
    DECLARE
      event     audit_events;
      head_seq  bigint;
      head_hash bytea;
    BEGIN
      SELECT seq, hash INTO head_seq, head_hash FROM audit_chain ORDER BY seq DESC LIMIT 1;
      head_seq := coalesce(head_seq, 0);
      head_hash := coalesce(head_hash, decode(repeat('00', 32), 'hex'));
      FOR event IN
        SELECT e.* FROM audit_events e
        WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.event_id = e.id) ORDER BY e.id
      LOOP
        head_seq := head_seq + 1;
        head_hash := sha256(head_hash || convert_to(${canonical('event', withRisk)}, 'UTF8'));
        INSERT INTO audit_chain (seq, event_id, hash) VALUES (head_seq, event.id, head_hash);
      END LOOP;
    END $$`;
}
