/// A right over one kind of things, in Keptn's own words (K §6.1), which go with the prefix `keptn:` in claims of an
/// identity provider. `tokens:*` is ours.
package enum AccessScope: String, Sendable, Hashable, CaseIterable {
    case metadataRead = "metadata:read"
    case eventsRead = "events:read"
    case eventsWrite = "events:write"
    case projectsRead = "projects:read"
    case projectsWrite = "projects:write"
    case projectsDelete = "projects:delete"
    case stagesRead = "stages:read"
    case servicesRead = "services:read"
    case servicesWrite = "services:write"
    case servicesDelete = "services:delete"
    case resourcesRead = "resources:read"
    case resourcesWrite = "resources:write"
    case resourcesDelete = "resources:delete"
    case integrationsRead = "integrations:read"
    case integrationsWrite = "integrations:write"
    case integrationsDelete = "integrations:delete"
    case logsRead = "logs:read"
    case logsWrite = "logs:write"
    case logsDelete = "logs:delete"
    case secretsRead = "secrets:read"
    case secretsWrite = "secrets:write"
    case secretsDelete = "secrets:delete"
    case statisticsRead = "statistics:read"
    case statisticsWrite = "statistics:write"
    case tokensRead = "tokens:read"
    case tokensWrite = "tokens:write"

    private var isForTokens: Bool { self == .tokensRead || self == .tokensWrite }
}

extension AccessScope {
    /// Scopes under one name.
    package enum Bundle: String, Sendable, CaseIterable {
        /// Looking at everything but tokens.
        case read
        /// Everything but tokens.
        case write
        case admin

        package var scopes: Set<AccessScope> {
            switch self {
            case .read: Bundle.write.scopes.filter { $0.rawValue.hasSuffix(":read") }
            case .write: Bundle.admin.scopes.filter { !$0.isForTokens }
            case .admin: Set(AccessScope.allCases)
            }
        }
    }

    /// What a word stands for: a scope or a bundle; nil for any other word.
    package static func named(_ word: some StringProtocol) -> Set<AccessScope>? {
        let word = String(word)
        return AccessScope(rawValue: word).map { [$0] } ?? Bundle(rawValue: word)?.scopes
    }

    /// The words that are known, for messages.
    package static var words: [String] { Bundle.allCases.map(\.rawValue) + allCases.map(\.rawValue) }
}

extension Set<AccessScope> {
    /// The scopes in the order in which they are declared.
    package var inOrder: [AccessScope] { AccessScope.allCases.filter(contains) }

    /// The shortest way to say it: a bundle's name, or each scope.
    package var words: [String] {
        AccessScope.Bundle.allCases.first { $0.scopes == self }.map { [$0.rawValue] } ?? inOrder.map(\.rawValue)
    }
}
