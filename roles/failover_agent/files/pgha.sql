-- SPDX-License-Identifier: GPL-3.0-or-later
-- The failover agent's own tables, in the database pgha. Can be run again and again.
REVOKE ALL ON DATABASE pgha FROM PUBLIC;
GRANT CONNECT ON DATABASE pgha TO pgha_agent, pg_monitor;

CREATE SCHEMA IF NOT EXISTS pgha;
REVOKE ALL ON SCHEMA pgha FROM PUBLIC;

-- One row, always: whoever reads it reads when this cluster last took a write, and on which server.
CREATE TABLE IF NOT EXISTS pgha.heartbeat (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    server text NOT NULL,
    at timestamptz NOT NULL
);
INSERT INTO pgha.heartbeat (server, at) VALUES ('', '-infinity') ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION pgha.keep() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the row of pgha.heartbeat stays';
END
$$;
CREATE OR REPLACE TRIGGER keep BEFORE DELETE OR TRUNCATE ON pgha.heartbeat EXECUTE FUNCTION pgha.keep();

-- Tablespaces that are not written into: one that is to be dropped has to be empty.
CREATE TABLE IF NOT EXISTS pgha.spared (tablespace name PRIMARY KEY);

-- Writes into every tablespace and says what hindered it; no row when nothing did. An update would only change memory,
-- and a dead disk would show at the next checkpoint. So each table begins a new file (TRUNCATE) and writes a page. They
-- are not logged: a standby has no use for what they hold.
-- As the owner, because a tablespace is open to nobody else.
CREATE OR REPLACE FUNCTION pgha.beat(server text)
RETURNS TABLE (tablespace name, code text, said text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    space record;
BEGIN
    FOR space IN
        SELECT oid, spcname, format('alive_%s', oid) AS place FROM pg_tablespace
        WHERE spcname <> 'pg_global' AND spcname NOT IN (SELECT spared.tablespace FROM pgha.spared)
        ORDER BY oid
    LOOP
        BEGIN
            IF to_regclass(format('pgha.%I', space.place)) IS NULL THEN
                EXECUTE format('CREATE UNLOGGED TABLE pgha.%I (at timestamptz) TABLESPACE %I', space.place, space.spcname);
            END IF;
            EXECUTE format('TRUNCATE pgha.%I', space.place);
            EXECUTE format('INSERT INTO pgha.%I VALUES (clock_timestamp())', space.place);
        EXCEPTION WHEN OTHERS THEN
            tablespace := space.spcname;
            code := SQLSTATE;
            said := SQLERRM;
            RETURN NEXT;
        END;
    END LOOP;
    UPDATE pgha.heartbeat SET server = beat.server, at = clock_timestamp();
END
$$;

-- For an operator who wants to drop a tablespace.
CREATE OR REPLACE FUNCTION pgha.spare(leaving name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO pgha.spared VALUES (leaving) ON CONFLICT DO NOTHING;
    EXECUTE format('DROP TABLE IF EXISTS pgha.%I',
                   (SELECT format('alive_%s', oid) FROM pg_tablespace WHERE spcname = leaving));
END
$$;

REVOKE ALL ON FUNCTION pgha.keep(), pgha.beat(text), pgha.spare(name) FROM PUBLIC;
GRANT USAGE ON SCHEMA pgha TO pgha_agent;
GRANT EXECUTE ON FUNCTION pgha.beat(text) TO pgha_agent;
GRANT SELECT ON pgha.heartbeat TO pgha_agent, pg_monitor;
GRANT USAGE ON SCHEMA pgha TO pg_monitor;
