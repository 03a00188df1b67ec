import CloudEvents
import Ports

/// The projects' upstreams and how each stands: what is asked for often, and must not wait for a network.
actor UpstreamLinks {
    struct Link: Sendable {
        var credentials: GitCredentials
        var isProvisioned: Bool
        var status: UpstreamStatus
        /// When to compare both sides next.
        var nextSync: Timestamp
        /// In a row.
        var failures = 0
        /// How often there was something new to push.
        var changes = 0
    }

    private let upstreams: Upstreams
    private let time: any TimeSource
    private var links: [String: Link]?

    init(_ upstreams: Upstreams, time: any TimeSource) {
        self.upstreams = upstreams
        self.time = time
    }

    func link(of project: String) async throws -> Link? { try await loaded()[project] }

    /// The projects whose time has come, sorted.
    func due() async throws -> [String] {
        let now = time.now
        return try await loaded().filter { $0.value.nextSync <= now }.keys.sorted()
    }

    func add(_ credentials: GitCredentials, isProvisioned: Bool, to project: String) async throws {
        _ = try await loaded()
        links?[project] = Link(
            credentials: credentials, isProvisioned: isProvisioned,
            status: UpstreamStatus(state: .synced, since: time.now), nextSync: time.now)
    }

    func remove(_ project: String) async throws {
        _ = try await loaded()
        links?[project] = nil
    }

    /// There is something to push, if the project has an upstream. One that cannot be reached keeps its pause. Secrets
    /// that cannot be read must not fail a commit that was made; the sync tells of them.
    func changed(_ project: String) async {
        guard let link = try? await loaded()[project] else { return }
        links?[project]?.changes += 1
        set(.ahead, "", of: project)
        if link.failures == 0 { links?[project]?.nextSync = time.now }
    }

    /// Notes the outcome of a sync, if the upstream still is the one that was asked. What was committed while the sync
    /// ran may have come too late for it: then the next one follows at once.
    ///
    /// - Parameter link: As it was when the sync began.
    func note(
        _ state: UpstreamStatus.State, _ message: String = "", of project: String, since link: Link, failures: Int,
        pause: Duration
    ) {
        guard let current = links?[project], current.credentials == link.credentials else { return }
        let isNew = state == .synced && current.changes != link.changes
        set(state, message, of: project)
        if isNew { set(.ahead, "", of: project) }
        links?[project]?.failures = failures
        links?[project]?.nextSync = isNew ? time.now : time.now + pause
    }

    private func set(_ state: UpstreamStatus.State, _ message: String, of project: String) {
        guard let before = links?[project]?.status else { return }
        // That there is more to push does not make an upstream reachable or less diverged.
        if state == .ahead, message.isEmpty, before.state == .unreachable || before.state == .diverged { return }
        let since = before.state == state ? before.since : time.now
        links?[project]?.status = UpstreamStatus(state: state, since: since, message: message)
    }

    /// At the first call, what the secrets know.
    private func loaded() async throws -> [String: Link] {
        if let links { return links }
        let now = time.now
        let found = try await upstreams.load().mapValues {
            Link(
                credentials: $0.credentials, isProvisioned: $0.isProvisioned,
                status: UpstreamStatus(state: .ahead, since: now, message: "not compared since the server started"),
                nextSync: now)
        }
        if let links { return links }
        links = found
        return found
    }
}
