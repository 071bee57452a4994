/** Secrets for tests; random enough that no store warns of them. */

/** The secret of most tests: 32 bytes. */
export const KEY = 'Q1JVREpUIHRlc3Qga2V5OiBub3QgYSBzZWNyZXQhISE='
/** Another one: 48 bytes. */
export const OTHER_KEY = 'q3Zr0m8W1yB5uE7xT2nK9vL4sD6fG8hJ0pQwErTyUiOaSdFgHjKlZxCvBnM12345'
