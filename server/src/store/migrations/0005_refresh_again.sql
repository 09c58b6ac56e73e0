-- Which exchanged refresh token a token was made for: an exchange whose answer was lost is done again (accounts/sessions.ts).
-- `used_at` of an access token: since when it is known that its answer came.
alter table session_tokens add column made_for bytea;
