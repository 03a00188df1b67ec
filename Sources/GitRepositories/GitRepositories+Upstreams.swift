package import Ports

/// Exchanges run on threads of their own, so that a slow upstream holds up neither reads nor writes.
/// They open a repository anew each time: nobody who removes one waits for them.
extension GitRepositories: GitUpstreams {
    package func branches(at upstream: GitCredentials) async throws -> [String: String] {
        try await exchange(upstream) { _, call in
            try call.run { payload in
                try GitRemote(call, payload, in: nil).branches().mapValues(\.hex)
            }
        }
    }

    package func fetch(_ branches: [String], of upstream: GitCredentials, asNew repository: String) async throws {
        try RepositoryNames.check(repository: repository)
        for branch in branches { try RepositoryNames.check(branch: branch) }
        try await exchange(upstream) { lane, call in
            try lane.folder.create(repository) { path in
                let new = try GitRepository(creating: repository, at: path, head: branches.first ?? "master")
                let missing = try call.run { try new.pull(branches, call, $0) }.keys.sorted()
                guard missing.isEmpty else {
                    throw KeptnError(
                        .notFound, "the upstream '\(upstream)' has no branch \(missing.joined(separator: ", "))")
                }
            }
        }
        await forget(repository)
    }

    package func pull(
        _ branches: [String], of repository: String, from upstream: GitCredentials
    ) async throws -> [String: BranchDifference] {
        for branch in branches { try RepositoryNames.check(branch: branch) }
        return try await exchange(upstream) { lane, call in
            try call.run { try GitRepository(opening: repository, in: lane.folder).pull(branches, call, $0) }
        }
    }

    package func push(_ branches: [String], of repository: String, to upstream: GitCredentials) async throws {
        for branch in branches { try RepositoryNames.check(branch: branch) }
        try await exchange(upstream) { lane, call in
            let git = try GitRepository(opening: repository, in: lane.folder)
            try call.run { try GitRemote(call, $0, in: git).push(branches) }
        }
    }

    /// Ends the exchange from outside when it takes too long or the caller is cancelled.
    private func exchange<Value: Sendable>(
        _ upstream: GitCredentials, _ body: @escaping @Sendable (isolated GitLane, RemoteCall) throws -> Value
    ) async throws -> Value {
        let call = RemoteCall(upstream)
        let lane = exchanger(upstream.remoteURL)
        do {
            return try await time.withDeadline(exchangeTime, "the exchange with '\(upstream)'") {
                try await withTaskCancellationHandler {
                    try await lane.run { try body($0, call) }
                } onCancel: {
                    call.interrupt()
                }
            }
        } catch let error as DeadlineExceeded {
            throw KeptnError(.unavailable, "\(error)")
        }
    }
}
