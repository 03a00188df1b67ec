import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    private static let loginCookie = "keptn_login"
    /// Keptn's Bridge has the same (K §6.1), so it is what providers know already.
    private static let redirectPath = "/oauth/redirect"

    /// Logins of browsers at an identity provider (docs/access.md): away to it, and back with a code for a session.
    var loginRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/v1/session/login", access: .everybody) { _ in
                .json(["issuer": parts.login.map { .string($0.issuer) }])
            },
            HTTPRoute(.get, "/oauth/login", access: .everybody) { request in
                try await loginPage { try await beginLogin($0, request) }
            },
            HTTPRoute(.get, Self.redirectPath, access: .everybody) { request in
                try await loginPage { try await endLogin($0, request) }
            },
        ]
    }

    /// What goes wrong becomes a page with a way on: a browser comes here, no program.
    private func loginPage(_ answer: (any BrowserLogin) async throws -> APIResponse) async throws -> APIResponse {
        do {
            guard let login = parts.login else {
                throw KeptnError(.notFound, "This server has no login at an identity provider: log in with a token.")
            }
            return try await answer(login)
        } catch let error as KeptnError where error.code != .internalFailure {
            let (status, remedy): (HTTPResponse.Status, String) =
                switch error.code {
                case .notFound: (.notFound, "keptn server --help names the options for it.")
                case .unavailable:
                    (.serviceUnavailable, "Try again in a moment, or log in with a token. The server's log tells more.")
                case .forbidden: (.forbidden, "Whoever runs the identity provider gives rights.")
                default: (.unauthorized, "Begin again. If it stays so, whoever runs the identity provider can help.")
                }
            let link = "<p><a href=\"/bridge/\">Back to the login</a></p>"
            return PlainPage(title: "You are not logged in", lines: [error.message, remedy], action: link)
                .response(status)
        }
    }

    private func beginLogin(_ login: any BrowserLogin, _ request: APIRequest) async throws -> APIResponse {
        let (attempt, browser) = attempts.begin(
            redirectURL: Self.address(of: request) + Self.redirectPath,
            returnPath: Self.returnPath(request.query("to")), at: parts.time.now)
        var response = Self.redirect(to: try await login.page(for: attempt))
        // `Strict` would keep it from coming back: it is the provider's page that leads here again.
        response.headers[.setCookie] =
            "\(Self.loginCookie)=\(browser); Path=/oauth; Max-Age=\(LoginAttempts.age.components.seconds); "
            + "HttpOnly; SameSite=Lax" + (Self.isSecure(request) ? "; Secure" : "")
        return response
    }

    private func endLogin(_ login: any BrowserLogin, _ request: APIRequest) async throws -> APIResponse {
        let browser = Credential.cookie(Self.loginCookie, in: request.headers) ?? ""
        let ended = attempts.end(state: request.query("state") ?? "", browser: browser, at: parts.time.now)
        guard let (attempt, returnPath) = ended else {
            // Some providers refuse without the state. Their word (RFC 6749 section 4.1.2.1) can be told, and no more.
            if let word = request.query("error"), word.count < 40, word.allSatisfy({ $0 == "_" || $0.isLetter }) {
                throw KeptnError(.unauthorized, "The identity provider refused: \(word)")
            }
            throw KeptnError(
                .unauthorized,
                "This is not the end of a login that was begun in this browser in the last ten minutes.")
        }
        guard let code = request.query("code") else {
            let reason = request.query("error_description") ?? request.query("error") ?? "it sent no code"
            throw KeptnError(.unauthorized, "The identity provider refused: \(reason)")
        }
        let caller = try await login.caller(bringing: code, from: attempt)
        guard !caller.grant.scopes.isEmpty else {
            throw KeptnError(
                .forbidden, "\(caller.name) has no rights here: the identity provider names no scope of Keptn.")
        }
        let opened = try await parts.sessions.open(person: caller, issuer: login.issuer)
        var response = Self.redirect(to: returnPath)
        response.headers[.setCookie] = Self.cookie(opened.text, for: request, age: SessionRegistry.age)
        return response
    }

    private static func redirect(to address: String) -> APIResponse {
        var response = APIResponse.text("\(address)\n", .found)
        response.headers[.location] = address
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// Only pages of ours: what else stands in a link that somebody was sent is not followed.
    private static func returnPath(_ wanted: String?) -> String {
        let home = "/bridge/"
        guard let wanted, wanted.hasPrefix(home), wanted.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { return home }
        return wanted
    }

    // MARK: - As the browser sees us

    /// Scheme and host, without a slash at the end. A proxy in front says what the browser asked it for. Whoever lies
    /// here is sent back by the provider only to addresses that it knows.
    private static func address(of request: APIRequest) -> String {
        let host = HTTPField.Name("x-forwarded-host").flatMap { request.headers[$0] } ?? request.authority
        return "\(isSecure(request) ? "https" : "http")://\(host)"
    }

    static func isSecure(_ request: APIRequest) -> Bool {
        HTTPField.Name("x-forwarded-proto").flatMap { request.headers[$0] } == "https"
    }
}
