import CloudEvents
package import KeptnModel

extension SLIProviderSpec {
    /// The headers that say who asks.
    package func authorization(secret: (SecretKey) async throws -> String) async throws -> [Header] {
        var headers: [Header] = []
        for authentication in authentication { headers.append(try await authentication.header(secret)) }
        return headers
    }
}

extension SLIProviderSpec.Authentication {
    fileprivate func header(
        _ secret: (SLIProviderSpec.SecretKey) async throws -> String
    ) async throws -> SLIProviderSpec.Header {
        switch self {
        case .basic(let user, let password):
            // RFC 7617
            .init(name: "Authorization", value: "Basic \(Base64.encode("\(user):\(try await secret(password))".utf8))")
        case .bearer(let token): .init(name: "Authorization", value: "Bearer \(try await secret(token))")
        case .header(let name, let prefix, let key): .init(name: name, value: prefix + (try await secret(key)))
        }
    }
}
