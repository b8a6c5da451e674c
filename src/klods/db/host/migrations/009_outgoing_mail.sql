-- Mail that waits for the mail server: written with what it is about, sent after that was kept.

CREATE TABLE klods.outgoing_mail (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    module      text NOT NULL,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    at          timestamptz NOT NULL DEFAULT now(),
    recipients  text[] NOT NULL CHECK (cardinality(recipients) > 0),
    subject     text NOT NULL,
    parts       jsonb NOT NULL,
    message     bytea NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    tries       integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    reason      text NOT NULL DEFAULT '',
    sent_at     timestamptz
);
CREATE INDEX outgoing_mail_next_try_at_idx ON klods.outgoing_mail (next_try_at) WHERE state = 'waiting';
CREATE INDEX outgoing_mail_at_idx ON klods.outgoing_mail (at);
COMMENT ON COLUMN klods.outgoing_mail.parts IS 'how many bytes its text, its HTML and each attachment have';
COMMENT ON COLUMN klods.outgoing_mail.message IS 'the message but for From and Message-ID, which it gets when it is sent';

CREATE FUNCTION klods.queue_mail(of_module text, to_whom text[], about text, sizes jsonb, body bytea) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    INSERT INTO klods.outgoing_mail (module, platform_id, recipients, subject, parts, message)
    VALUES (klods.calling_module(of_module, true), klods.platform(), to_whom, about, sizes, body)
    RETURNING id INTO made;
    PERFORM klods.note_outgoing(jsonb_build_object('kind', 'mail', 'op', 'send', 'target', array_to_string(to_whom, ', '),
                                                   'size', length(body),
                                                   'details', jsonb_build_object('subject', about) || sizes));
    RETURN made;
END $$;
