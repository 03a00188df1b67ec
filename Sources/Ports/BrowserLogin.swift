/// Lets people log in with a browser at an identity provider (OpenID Connect Core 1.0 section 3.1, with PKCE,
/// RFC 7636).
package protocol BrowserLogin: Sendable {
    /// The issuer, a URL.
    var issuer: String { get }

    /// Where the browser has to go. Throws `KeptnError.unavailable` when the provider does not answer as one.
    func page(for attempt: LoginAttempt) async throws -> String

    /// Who has come back with a code, and what they may. Throws `KeptnError.unauthorized` with the reason, such as a
    /// code that is too old, and `.unavailable` when the provider does not answer.
    func caller(bringing code: String, from attempt: LoginAttempt) async throws -> Caller
}

/// One login on its way.
package struct LoginAttempt: Sendable, Hashable {
    /// Where the provider sends the browser back to.
    package var redirectURL: String
    /// Three texts that nobody can guess: that the browser brings back, that the statement about the person holds, and
    /// that shows who asked for the code.
    package var state: String
    package var nonce: String
    package var verifier: String

    package init(redirectURL: String, state: String, nonce: String, verifier: String) {
        self.redirectURL = redirectURL
        self.state = state
        self.nonce = nonce
        self.verifier = verifier
    }
}
