import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// API tokens beside the first one. Keptn has none; their scopes are its own (K §6.1).
    var tokenRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/v1/tokens") { _ in
                .json(["tokens": .array(parts.tokens.all.map { json($0) })])
            },
            HTTPRoute(.post, "/api/v1/tokens") { request in
                let order = try TokenOrder(try await object(request), now: parts.time.now)
                try Self.requireCover(request.caller, order.grant)
                let made = try await parts.tokens.create(order.name, order.grant)
                return .json(json(made.token).setting("token", to: .string(made.text)), .created)
            },
            HTTPRoute(.post, "/api/v1/tokens/{name}/rotate") { request in
                let token = try changeable(request)
                let expiry = try TokenOrder.expiry(try await object(request), now: parts.time.now)
                let made = try await parts.tokens.rotate(token, expiresAt: expiry ?? token.grant.expiresAt)
                return .json(json(made.token).setting("token", to: .string(made.text)))
            },
            HTTPRoute(.delete, "/api/v1/tokens/{name}") { request in
                try await parts.tokens.revoke(try changeable(request))
                return .json([:])
            },
        ]
    }

    private func changeable(_ request: APIRequest) throws -> StoredToken {
        let token = try parts.tokens.changeable(request.parameter("name"))
        try Self.requireCover(request.caller, token.grant)
        return token
    }

    /// Nobody makes, renews or ends a token that may do more than they may.
    private static func requireCover(_ caller: Caller, _ grant: Grant) throws {
        guard !caller.grant.covers(grant) else { return }
        let more = grant.scopes.subtracting(caller.grant.scopes).inOrder.map(\.rawValue)
        let what = more.isEmpty ? "reaches other projects" : "may do \(more.joined(separator: ", "))"
        throw KeptnError(.forbidden, "'\(caller.name)' cannot handle a token that \(what)")
    }

    private func json(_ token: StoredToken) -> JSON {
        let isExpired = token.grant.expiresAt.map { $0 <= parts.time.now } ?? false
        return [
            "name": .string(token.name), "scopes": .array(token.grant.scopes.words.map { .string($0) }),
            "projects": token.grant.projects.map { .array($0.sorted().map { .string($0) }) },
            "createdAt": .string(token.createdAt.rfc3339),
            "expiresAt": token.grant.expiresAt.map { .string($0.rfc3339) }, "expired": .bool(isExpired),
            "lastUsedAt": token.lastUsedAt.map { .string($0.rfc3339) },
        ]
    }
}

/// A wanted token: `{name, scopes, projects, expiresIn | expiresAt}`.
private struct TokenOrder {
    static let nameLengthMax = 100

    let name: String
    let grant: Grant

    init(_ body: JSON, now: Timestamp) throws {
        name = try API.text(body, "name")
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
        guard isPlain, name.count <= Self.nameLengthMax else {
            throw KeptnError(
                .invalidInput,
                "name '\(name)': at most \(Self.nameLengthMax) characters are needed, no blanks and no slashes")
        }
        grant = Grant(
            scopes: try Self.scopes(body), projects: try Self.projects(body),
            expiresAt: try Self.expiry(body, now: now))
    }

    private static func scopes(_ body: JSON) throws -> Set<AccessScope> {
        let words = (body["scopes"]?.elements ?? []).map { $0.stringValue ?? $0.text }
        let unknown = words.filter { AccessScope.named($0) == nil }
        guard unknown.isEmpty, !words.isEmpty else {
            let problem = words.isEmpty ? "field 'scopes' is missing" : "unknown: \(unknown.joined(separator: ", "))"
            throw KeptnError(
                .invalidInput, "\(problem); known are \(AccessScope.words.joined(separator: ", "))")
        }
        return words.reduce(into: []) { $0.formUnion(AccessScope.named($1) ?? []) }
    }

    /// Projects need not be there yet.
    private static func projects(_ body: JSON) throws -> Set<String>? {
        guard let list = body["projects"], !list.isNull else { return nil }
        let names = list.elements.compactMap(\.stringValue)
        guard list.kind == .array, names.count == list.elements.count, !names.isEmpty else {
            throw KeptnError(.invalidInput, "field 'projects' has to list names; leave it out for all projects")
        }
        if let problem = names.lazy.compactMap({ Names.problem(project: $0) }).first {
            throw KeptnError(.invalidInput, "field 'projects': \(problem)")
        }
        return Set(names)
    }

    /// Nil for none; throws for an instant that has passed.
    static func expiry(_ body: JSON, now: Timestamp) throws -> Timestamp? {
        var end: Timestamp?
        if let text = body["expiresIn"]?.stringValue {
            guard let duration = Duration(go: text) else {
                throw KeptnError(.invalidInput, "expiresIn is '\(text)'; a duration such as 720h is needed")
            }
            end = now + duration
        } else if let text = body["expiresAt"]?.stringValue {
            guard let time = Timestamp(rfc3339: text) else {
                throw KeptnError(.invalidInput, "expiresAt is '\(text)'; a time such as 2027-01-31T12:00:00Z is needed")
            }
            end = time
        }
        guard end.map({ $0 > now }) ?? true else {
            throw KeptnError(.invalidInput, "the token would have expired already")
        }
        return end
    }
}
