package import Ports

/// One change of a project at a time, in the order in which they came: fifty services that are created at once wait for
/// each other instead of deciding again and again on a tip that is already old.
///
/// Others may still commit between (an upstream that is fetched, a push), so a change is decided again all the same.
package actor ProjectTurns {
    private let waitingMax: Int
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// - Parameter waitingMax: how many changes of one project may wait.
    package init(waitingMax: Int = 1_000) { self.waitingMax = waitingMax }

    /// Runs the body when it is this caller's turn.
    ///
    /// Throws `.unavailable` when too many wait already, and what the body throws.
    package nonisolated func with<Value>(
        _ project: String, _ body: () async throws -> sending Value
    ) async throws -> sending Value {
        try await take(project)
        do {
            let value = try await body()
            await give(project)
            return value
        } catch {
            await give(project)
            throw error
        }
    }

    private func take(_ project: String) async throws(KeptnError) {
        guard let count = waiting[project]?.count else {
            waiting[project] = []
            return
        }
        guard count < waitingMax else {
            throw KeptnError(.unavailable, "\(count) changes of project '\(project)' wait already; try again later")
        }
        await withCheckedContinuation { waiting[project, default: []].append($0) }
    }

    private func give(_ project: String) {
        guard let next = waiting[project]?.first else { return waiting[project] = nil }
        waiting[project]?.removeFirst()
        next.resume()
    }
}
