import CloudEvents
import HTTPTypes
import Ports

extension API {
    /// Keptn's secret-service (K §2.12): values go in and never come out.
    var secretRoutes: [HTTPRoute] {
        let secret = "/api/secrets/v1/secret"
        return [
            HTTPRoute(.get, "/api/secrets/v1/scope") { _ in
                .json(["scopes": .array(SecretScope.allCases.map { .string($0.rawValue) })])
            },
            HTTPRoute(.get, secret) { try await listSecrets($0) },
            HTTPRoute(.post, secret) { request in
                let (name, values) = try await self.secret(in: request)
                guard try await parts.secrets.save(values, as: name, if: .isNew) else {
                    throw KeptnError(.conflict, "secret \(name.name) already exists in scope \(name.scope)")
                }
                return .json(Self.shown(name), .created)
            },
            HTTPRoute(.put, secret) { request in
                let (name, values) = try await self.secret(in: request)
                guard try await parts.secrets.save(values, as: name, if: .isKnown) else { throw Self.missing(name) }
                return .json(Self.shown(name))
            },
            HTTPRoute(.delete, secret) { request in
                guard let name = request.query("name"), let scope = request.query("scope") else {
                    throw KeptnError(.invalidInput, "the query needs 'name' and 'scope'")
                }
                let secret = SecretName(name, scope: try SecretScope(checking: scope).rawValue)
                guard try await parts.secrets.delete(secret) else { throw Self.missing(secret) }
                return .json([:])
            },
        ]
    }

    private func listSecrets(_ request: APIRequest) async throws -> APIResponse {
        let (name, scope) = (request.query("name"), request.query("scope"))
        let shown = try await parts.secrets.secrets().filter { secret, _ in
            SecretScope(rawValue: secret.scope) != nil && (name ?? secret.name) == secret.name
                && (scope ?? secret.scope) == secret.scope
        }
        return .json([
            "Secrets": .array(
                shown.map { secret, keys in
                    Self.shown(secret).setting("keys", to: .array(keys.map { .string($0) }))
                })
        ])
    }

    /// The secret of a body `{name, scope, data}`.
    private func secret(in request: APIRequest) async throws -> (SecretName, [String: String]) {
        let body = try await object(request)
        let name = try Self.text(body, "name")
        guard name.count <= SecretScope.nameLengthMax else {
            throw KeptnError(
                .invalidInput,
                "the name of a secret has at most \(SecretScope.nameLengthMax) characters; this one has \(name.count)")
        }
        let scope = body["scope"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? SecretScope.standard.rawValue
        var values: [String: String] = [:]
        for (key, value) in body["data"]?.members ?? [] {
            guard let text = value.stringValue else {
                throw KeptnError(.invalidInput, "data.\(key) has to be a text; it is a JSON \(value.kind.rawValue)")
            }
            values[key] = text
        }
        return (SecretName(name, scope: try SecretScope(checking: scope).rawValue), values)
    }

    private static func shown(_ secret: SecretName) -> JSON {
        ["name": .string(secret.name), "scope": .string(secret.scope)]
    }

    private static func missing(_ secret: SecretName) -> KeptnError {
        KeptnError(.notFound, "secret \(secret.name) not found in scope \(secret.scope)")
    }
}

/// The scopes that users see; components keep their own secrets in others, such as `keptn-git`.
private enum SecretScope: String, CaseIterable {
    case standard = "keptn-default"
    case webhook = "keptn-webhook-service"
    case dynatrace = "dynatrace-service"
    case prometheus = "keptn-prometheus-service"

    static let nameLengthMax = 253

    init(checking text: String) throws {
        guard let scope = Self(rawValue: text) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw KeptnError(.invalidInput, "scope '\(text)' is unknown; known are \(known)")
        }
        self = scope
    }
}
