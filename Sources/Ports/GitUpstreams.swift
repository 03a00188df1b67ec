package import CloudEvents

/// Exchanges the branches of our repositories with repositories elsewhere. No call waits longer than the
/// implementation's deadline.
///
/// Errors, for the one who gave the credentials: `KeptnError.failedDependency` when the upstream refuses them,
/// `.notFound` when it has no such repository, `.conflict` when it has commits that ours do not follow, `.unavailable`
/// when it cannot be reached in time.
package protocol GitUpstreams: Sendable {
    /// The upstream's branches with their newest commits; empty for an empty repository.
    func branches(at upstream: GitCredentials) async throws -> [String: String]

    /// Makes a repository from these branches of an upstream. Throws `.conflict` when the repository exists.
    func fetch(_ branches: [String], of upstream: GitCredentials, asNew repository: String) async throws

    /// Fetches the upstream's branches of these names and moves ours forward where that loses nothing; tells what
    /// remains different, by branch.
    func pull(
        _ branches: [String], of repository: String, from upstream: GitCredentials
    ) async throws -> [String: BranchDifference]

    /// Moves the upstream's branches forward to ours, or begins them there.
    func push(_ branches: [String], of repository: String, to upstream: GitCredentials) async throws
}

/// How a branch of ours relates to the upstream's of the same name, after a pull.
package enum BranchDifference: Sendable, Hashable {
    /// Ours has commits that the upstream has not, or the upstream has no such branch.
    case ahead
    /// Each has commits that the other has not.
    case diverged
}

/// How a project and its upstream stand.
package struct UpstreamStatus: Sendable, Hashable {
    package enum State: String, Sendable {
        case synced, ahead, diverged, unreachable
    }

    package var state: State
    /// When the state began.
    package var since: Timestamp
    /// What a user should know; empty when all is well.
    package var message: String

    package init(state: State, since: Timestamp, message: String = "") {
        self.state = state
        self.since = since
        self.message = message
    }
}

/// A project's upstream as everybody may see it.
package struct ProjectUpstream: Sendable, Hashable {
    /// Never to be shown: see `shownCredentials`. Nil when the secret that holds them cannot be read.
    package var credentials: GitCredentials?
    /// Whether the provisioning service made it (K §2.3.7).
    package var isProvisioned: Bool
    package var status: UpstreamStatus
    /// Whether users do not get to know where it is.
    package var isHidden: Bool

    package init(
        credentials: GitCredentials?, isProvisioned: Bool, status: UpstreamStatus, isHidden: Bool = false
    ) {
        self.credentials = credentials
        self.isProvisioned = isProvisioned
        self.status = status
        self.isHidden = isHidden
    }

    /// Empty for a hidden one, and for one that is not known.
    package var shownURL: String { isHidden ? "" : credentials?.remoteURL ?? "" }

    /// What everybody may see of the credentials.
    package var shownCredentials: JSON {
        guard let credentials, !isHidden else { return ["remoteURL": "", "user": ""] }
        return credentials.json(withSecrets: false)
    }
}
