import CloudEvents
package import KeptnModel

extension SLIProviderSpec.Authentication {
    /// The header that says who asks; nil for nobody.
    package func header(
        secret: (SLIProviderSpec.SecretKey) async throws -> String
    ) async throws -> SLIProviderSpec.Header? {
        switch self {
        case .none: nil
        case .basic(let user, let password):
            // RFC 7617
            .init(name: "Authorization", value: "Basic \(Base64.encode("\(user):\(try await secret(password))".utf8))")
        case .bearer(let token): .init(name: "Authorization", value: "Bearer \(try await secret(token))")
        case .header(let name, let prefix, let key): .init(name: name, value: prefix + (try await secret(key)))
        }
    }
}
