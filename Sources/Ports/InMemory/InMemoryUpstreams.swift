import Synchronization

/// Upstreams in a dictionary by their URL, for the repositories of an `InMemoryVersionedFiles`.
package final class InMemoryUpstreams: GitUpstreams {
    private struct State {
        var tokens: [String: String] = [:]
        var isReachable = true
        var afterExchange: (@Sendable () async throws -> Void)?
    }

    private let files: InMemoryVersionedFiles
    /// What the others have, as repositories named by number.
    private let remotes = InMemoryVersionedFiles(firstDigit: "f")
    private let state = Mutex(State())

    package init(for files: InMemoryVersionedFiles) { self.files = files }

    /// Makes an empty upstream that takes this token only.
    package func add(_ url: String, token: String = "token") { state.withLock { $0.tokens[url] = token } }

    /// Whether upstreams answer.
    package func set(reachable: Bool) { state.withLock { $0.isReachable = reachable } }

    /// What happens once, between the next pull or push and whatever follows it.
    package func afterExchange(_ event: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.afterExchange = event }
    }

    package func branches(at upstream: GitCredentials) async throws -> [String: String] {
        try check(upstream)
        return remotes.history(of: upstream.remoteURL).branches
    }

    package func fetch(_ branches: [String], of upstream: GitCredentials, asNew repository: String) async throws {
        try check(upstream)
        var history = remotes.history(of: upstream.remoteURL)
        guard try await !files.repositories().contains(repository) else {
            throw KeptnError(.conflict, "repository '\(repository)' exists already")
        }
        history.branches = history.branches.filter { branches.contains($0.key) }
        files.replace(repository, by: history)
    }

    package func pull(
        _ branches: [String], of repository: String, from upstream: GitCredentials
    ) async throws -> [String: BranchDifference] {
        try check(upstream)
        let theirs = remotes.history(of: upstream.remoteURL)
        var ours = files.history(of: repository)
        ours.commits.merge(theirs.commits) { ours, _ in ours }
        var differences: [String: BranchDifference] = [:]
        for branch in branches {
            let (our, their) = (ours.branches[branch], theirs.branches[branch])
            if our == their { continue }
            if let their, our == nil || ours.ancestry(of: their).contains(our ?? "") {
                ours.branches[branch] = their
            } else {
                let isAhead = their.map { ours.ancestry(of: our).contains($0) } ?? true
                differences[branch] = isAhead ? .ahead : .diverged
            }
        }
        files.replace(repository, by: ours)
        try await endExchange()
        return differences
    }

    package func push(_ branches: [String], of repository: String, to upstream: GitCredentials) async throws {
        try check(upstream)
        let ours = files.history(of: repository)
        var theirs = remotes.history(of: upstream.remoteURL)
        theirs.commits.merge(ours.commits) { theirs, _ in theirs }
        for branch in branches {
            let our = ours.branches[branch]
            guard theirs.branches[branch].map(ours.ancestry(of: our).contains) ?? true else {
                throw KeptnError(.conflict, "the upstream's branch '\(branch)' has commits that ours has not")
            }
            theirs.branches[branch] = our
        }
        remotes.replace(upstream.remoteURL, by: theirs)
        try await endExchange()
    }

    /// Commits as somebody else does who works with the upstream.
    package func commit(_ new: NewCommit, to branch: String, at url: String) async throws {
        remotes.replace(url, by: remotes.history(of: url))
        let tip = try await remotes.head(of: branch, in: url)
        _ = try await remotes.commit(new, to: branch, in: url, expecting: tip)
    }

    private func endExchange() async throws {
        let event = state.withLock { state in
            defer { state.afterExchange = nil }
            return state.afterExchange
        }
        try await event?()
    }

    private func check(_ upstream: GitCredentials) throws {
        let (token, isReachable) = state.withLock { ($0.tokens[upstream.remoteURL], $0.isReachable) }
        guard isReachable else {
            throw KeptnError(.unavailable, "the upstream '\(upstream)' cannot be reached")
        }
        guard let token else { throw KeptnError(.notFound, "there is no repository at '\(upstream)'") }
        guard case .https(let https) = upstream.access, https.token == token else {
            throw KeptnError(.failedDependency, "the upstream '\(upstream)' refuses the token")
        }
    }
}
