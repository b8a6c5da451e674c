-- Where people reach the hub that a process serves, for links that commands print.

ALTER TABLE klods.process ADD COLUMN address text NOT NULL DEFAULT '';
