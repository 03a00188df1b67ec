import CloudEvents
import Ports

/// The projects' upstreams and how each stands: what is asked for often, and must not wait for a network.
actor UpstreamLinks {
    struct Link: Sendable {
        /// Nil when the secret cannot be read.
        var credentials: GitCredentials?
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

    /// Once more, the secret of a link without credentials. Nil when it still cannot be read; the link says why.
    ///
    /// - Parameter pause: until the next attempt, by how many failed in a row.
    func reread(_ project: String, _ link: Link, pause: @Sendable (Int) -> Duration) async throws -> Link? {
        let found = try await read(project)
        // An update or a removal meanwhile has the last word.
        guard let current = links?[project], current.credentials == nil else { return nil }
        guard let found else {
            links?[project] = nil
            return nil
        }
        guard found.credentials != nil else {
            let failures = link.failures + 1
            note(
                .unreachable, found.status.message, of: project, since: link, failures: failures,
                pause: pause(failures))
            return nil
        }
        links?[project] = found
        return found
    }

    /// At the first call, what the secrets know. One that cannot be read concerns only its project.
    private func loaded() async throws -> [String: Link] {
        if let links { return links }
        var found: [String: Link] = [:]
        for project in try await upstreams.projects() { found[project] = try await read(project) }
        if let links { return links }
        links = found
        return found
    }

    private func read(_ project: String) async throws -> Link? {
        let now = time.now
        do {
            guard let known = try await upstreams.load(project) else { return nil }
            return Link(
                credentials: known.credentials, isProvisioned: known.isProvisioned,
                status: UpstreamStatus(state: .ahead, since: now, message: "not compared since the server started"),
                nextSync: now)
        } catch let error as CancellationError {
            throw error
        } catch {
            let message =
                "its credentials cannot be read: \(error). Set its upstream again, with URL and token: "
                + "keptn update project \(project) --git-remote-url=URL --git-user=USER --git-token=TOKEN"
            return Link(
                credentials: nil, isProvisioned: false,
                status: UpstreamStatus(state: .unreachable, since: now, message: message), nextSync: now)
        }
    }
}
