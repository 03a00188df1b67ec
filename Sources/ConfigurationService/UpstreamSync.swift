import Core
import Logging
package import Ports
package import ServiceLifecycle

/// Keeps projects and their upstreams the same, both ways: pushes soon after a commit, fetches now and then, and waits
/// longer and longer for an upstream that cannot be reached. Nobody waits for it.
package struct UpstreamSync: Service {
    private static let tick = Duration.seconds(1)
    private static let atOnceMax = 4
    private static let pauses = Backoff(first: .seconds(5), longest: .seconds(600))

    private let configuration: ConfigurationService
    private let interval: Duration
    private let time: any TimeSource
    private let logger: Logger

    /// - Parameter interval: between two looks at an upstream where nothing of ours is new.
    package init(of configuration: ConfigurationService, interval: Duration = .seconds(60)) {
        self.configuration = configuration
        self.interval = interval
        time = configuration.time
        logger = configuration.logger
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await syncDue()
                try await time.sleep(for: Self.tick)
            }
        }
    }

    /// Syncs the projects whose time has come, a few at once.
    package func syncDue() async {
        guard let links = configuration.links, let upstreams = configuration.upstreams else { return }
        do {
            let due = try await links.due()
            await withTaskGroup(of: Void.self) { group in
                for (index, project) in due.enumerated() {
                    if index >= Self.atOnceMax { await group.next() }
                    group.addTask { await sync(project, links, upstreams) }
                }
            }
        } catch is CancellationError {
            // The server is stopping.
        } catch {
            logger.error("the Git upstreams cannot be read", metadata: ["error": "\(error)"])
        }
    }

    private func sync(_ project: String, _ links: UpstreamLinks, _ upstreams: Upstreams) async {
        guard var link = try? await links.link(of: project) else { return }
        if link.credentials == nil {
            let read = try? await links.reread(project, link) { Self.pauses.delay(attempt: $0, random: 1) }
            guard let read else {
                if link.failures == 0 { log(project, link.status.message) }
                return
            }
            link = read
        }
        guard let upstream = link.credentials else { return }
        var isReached = false
        do {
            let branches = try await configuration.files.branches(of: project)
            let differences = try await upstreams.git.pull(branches, of: project, from: upstream)
            isReached = true
            let ahead = differences.filter { $0.value == .ahead }.keys.sorted()
            if !ahead.isEmpty { try await upstreams.git.push(ahead, of: project, to: upstream) }
            let diverged = differences.filter { $0.value == .diverged }.keys.sorted()
            let message = diverged.isEmpty ? "" : Self.divergence(diverged)
            if !diverged.isEmpty, link.status.state != .diverged { log(project, message) }
            await links.note(
                diverged.isEmpty ? .synced : .diverged, message, of: project, since: link, failures: 0,
                pause: interval)
        } catch let error as KeptnError where error.code == .conflict {
            // A branch moved meanwhile, here or there.
            await links.note(.ahead, error.message, of: project, since: link, failures: 0, pause: Self.tick)
        } catch is CancellationError {
            return
        } catch {
            let failures = link.failures + 1
            if failures == 1 { log(project, "\(error)") }
            await links.note(
                isReached ? .ahead : .unreachable, "\(error)", of: project, since: link, failures: failures,
                pause: Self.pauses.delay(attempt: failures, random: 1))
        }
    }

    private func log(_ project: String, _ message: String) {
        logger.warning(
            "project and upstream differ", metadata: ["keptn.project": "\(project)", "error.message": "\(message)"])
    }

    private static func divergence(_ branches: [String]) -> String {
        "both sides have commits of their own on \(branches.joined(separator: ", ")): clone the upstream, merge our "
            + "commits there or reset it to them, and push"
    }
}
