-- Finds the few addresses that are not ASCII: their form for comparing is made anew at each start, by Unicode case folding.
CREATE INDEX cloakroom_users_beyond_ascii ON cloakroom_users (email_canonical) WHERE length(email_canonical) <> octet_length(email_canonical);
