import CloudEvents
import Core
import HTTPTypes
import Ports

extension API {
    /// Logins with a browser: a token, or a one-time code for one, becomes a cookie (docs/bridge.md).
    var sessionRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/v1/session") { request in .json(description(of: request)) },
            HTTPRoute(.post, "/api/v1/session") { request in
                guard let token = Credential(request.headers).token else {
                    throw KeptnError(.invalidInput, "a session is opened with a token: send it as 'x-token'")
                }
                return Self.opened(try await parts.sessions.open(token: token), for: request)
            },
            HTTPRoute(.delete, "/api/v1/session") { request in
                if let text = Credential(request.headers).session, let holder = parts.sessions.holder(of: text) {
                    try await parts.sessions.close(holder.session)
                }
                var response = APIResponse.json([:])
                response.headers[.setCookie] = Self.cookie("", for: request, age: .zero)
                return response
            },
            HTTPRoute(.post, "/api/v1/session/code") { request in
                guard let token = Credential(request.headers).token else {
                    throw KeptnError(.invalidInput, "a code is made with a token: send it as 'x-token'")
                }
                let made = try parts.sessions.code(token: token)
                return .json(["code": .string(made.text), "expiresAt": .string(made.expiresAt.rfc3339)], .created)
            },
            HTTPRoute(.post, "/api/v1/session/redeem", access: .everybody) { request in
                let code = try API.text(try await object(request), "code")
                return Self.opened(try await parts.sessions.open(code: code), for: request)
            },
        ]
    }

    /// What a page has to know so that it offers nothing that would be refused.
    private func description(of request: APIRequest) -> JSON {
        let holder = Credential(request.headers).session.flatMap { parts.sessions.holder(of: $0) }
        let grant = request.caller.grant
        var issuer: String?
        if case .person(_, let name, _)? = holder?.session.holder { issuer = name }
        return [
            "name": .string(request.caller.name),
            "scopes": .array(grant.scopes.inOrder.map { .string($0.rawValue) }),
            "projects": grant.projects.map { .array($0.sorted().map { .string($0) }) },
            "expiresAt": (holder?.session.expiresAt ?? grant.expiresAt).map { .string($0.rfc3339) },
            "issuer": issuer.map { .string($0) }, "version": .string(parts.version),
        ]
    }

    private static func opened(
        _ opened: (session: StoredSession, text: String), for request: APIRequest
    ) -> APIResponse {
        var response = APIResponse.json(["expiresAt": .string(opened.session.expiresAt.rfc3339)], .created)
        response.headers[.setCookie] = cookie(opened.text, for: request, age: SessionRegistry.age)
        return response
    }

    /// RFC 6265 section 4.1. Scripts cannot read it, and no other site makes a browser send it. A proxy that ends TLS
    /// says so; without TLS the browser would not take a cookie that is `Secure`.
    static func cookie(_ text: String, for request: APIRequest, age: Duration) -> String {
        let end = "HttpOnly; SameSite=Strict" + (isSecure(request) ? "; Secure" : "")
        return
            "\(Credential.cookie)=\(text); Path=/; Max-Age=\(age.components.seconds); \(end)"
    }
}
