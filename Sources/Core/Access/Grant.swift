package import CloudEvents

/// What somebody may do: with which things, in which projects, until when.
package struct Grant: Sendable, Hashable {
    package var scopes: Set<AccessScope>
    /// Nil for all projects, those of tomorrow too.
    package var projects: Set<String>?
    /// The instant from which on it is worth nothing; nil for never.
    package var expiresAt: Timestamp?

    package init(scopes: Set<AccessScope>, projects: Set<String>? = nil, expiresAt: Timestamp? = nil) {
        self.scopes = scopes
        self.projects = projects
        self.expiresAt = expiresAt
    }

    package static let admin = Grant(scopes: AccessScope.Bundle.admin.scopes)
    package static let nothing = Grant(scopes: [], projects: [])

    package func reaches(_ project: String) -> Bool { projects?.contains(project) ?? true }

    /// Whether everything that `other` allows is allowed by this one too; times do not count.
    package func covers(_ other: Grant) -> Bool {
        guard other.scopes.isSubset(of: scopes) else { return false }
        guard let projects else { return true }
        return other.projects?.isSubset(of: projects) ?? false
    }
}

/// What one request wants.
package struct AccessRequest: Sendable, Hashable {
    package var rule: AccessRule
    /// The project that its path or query names.
    package var project: String?
    package var time: Timestamp

    package init(rule: AccessRule, project: String? = nil, time: Timestamp) {
        self.rule = rule
        self.project = project
        self.time = time
    }
}

package enum AccessDecision: Sendable, Hashable {
    case allowed
    case expired(Timestamp)
    /// What is missing of what is needed.
    case missing([AccessScope])
    case otherProject(String)
    /// The request has to say which project it means.
    case projectUnsaid
    /// What it touches belongs to no project.
    case wholeInstallation
}

extension Grant {
    /// Whether a request may pass.
    package func decide(_ request: AccessRequest) -> AccessDecision {
        if let expiresAt, expiresAt <= request.time { return .expired(expiresAt) }
        let missing = Set(request.rule.scopes).subtracting(scopes)
        guard missing.isEmpty else { return .missing(missing.inOrder) }
        guard projects != nil else { return .allowed }
        switch request.rule.reach {
        case .anywhere, .handler: return .allowed
        case .installation: return .wholeInstallation
        case .path, .query:
            guard let project = request.project else { return .projectUnsaid }
            return reaches(project) ? .allowed : .otherProject(project)
        }
    }
}
