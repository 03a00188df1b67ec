package import CloudEvents
package import KeptnModel

/// What runs of one service in one stage: the deployment that serves, and perhaps a canary beside it.
package struct Release: Sendable, Hashable, Codable {
    package var scope: Scope
    package var primary: Deployment?
    package var canary: Deployment?
    /// The ports of the proxy's routes: chosen once, kept for ever, so that addresses outlive restarts.
    package var primaryPort: Int?
    package var canaryPort: Int?
    /// The versions that served before, without processes; newest last.
    package var previous: [Deployment]?

    /// So many of them are remembered.
    package static let previousMax = 10

    package init(scope: Scope) { self.scope = scope }

    package var deployments: [Deployment] { [primary, canary].compactMap(\.self) }

    package subscript(route: RouteKind) -> Deployment? {
        get { route == .primary ? primary : canary }
        set {
            switch route {
            case .primary: primary = newValue
            case .canary: canary = newValue
            }
        }
    }

    /// The route that a deployment serves.
    package func route(of deployment: String) -> RouteKind? {
        RouteKind.allCases.first { self[$0]?.id == deployment }
    }
}

/// The two addresses of a service in a stage.
package enum RouteKind: String, Sendable, Hashable, Codable, CaseIterable {
    case primary, canary

    /// The address that a name of `deploymentNames` means; without one it is what the stage serves. Nil for names that
    /// do not belong to local processes, such as `user_managed`.
    package init?(deploymentName name: String?) {
        switch name {
        case nil, "", "direct", "primary": self = .primary
        case "canary": self = .canary
        default: return nil
        }
    }
}

/// One version of a service, running as one or more processes.
package struct Deployment: Sendable, Hashable, Codable {
    package var id: String
    package var strategy: DeploymentStrategy
    package var artifact: ArtifactReference
    /// How it was started; a restart of a crashed process uses the same, whatever the configuration says by then.
    package var spec: ProcessSpec
    /// The commit that the spec was read at.
    package var gitCommit: String
    package var replicas: [Replica]
    /// When it was begun to be started; nil for one of an older version.
    package var startedAt: Timestamp?
    /// The run that delivered it, by which the verdicts of gates find it.
    package var context: String?
    /// What the quality gate of that run said; nil as long as it has said nothing. `fail` also when it was rolled back,
    /// and when a gate of another run, such as a remediation's, failed while it served.
    package var gate: KeptnResult?
    /// The ids of the last actions that changed its processes, so that none is done twice.
    package var actions: [String]?

    package static let actionsMax = 16

    package init(
        id: String, strategy: DeploymentStrategy, artifact: ArtifactReference, spec: ProcessSpec, gitCommit: String,
        replicas: [Replica] = [], startedAt: Timestamp? = nil, context: String? = nil
    ) {
        self.id = id
        self.strategy = strategy
        self.artifact = artifact
        self.spec = spec
        self.gitCommit = gitCommit
        self.replicas = replicas
        self.startedAt = startedAt
        self.context = context
    }

    /// The same without its processes.
    var withoutReplicas: Deployment {
        var copy = self
        copy.replicas = []
        return copy
    }

    package func wasChanged(by action: String) -> Bool { actions?.contains(action) == true }

    package mutating func noteChange(by action: String) {
        actions = Array(((actions ?? []) + [action]).suffix(Self.actionsMax))
    }
}

/// One process of a deployment; without a process while it is down.
package struct Replica: Sendable, Hashable, Codable {
    /// The port that the process listens on.
    package var port: Int
    package var process: ProcessHandle?

    package init(port: Int, process: ProcessHandle?) {
        self.port = port
        self.process = process
    }
}

/// A process of this machine: its id may be given to another one later, its id together with its start may not.
package struct ProcessHandle: Sendable, Hashable, Codable {
    package var pid: Int32
    /// In clock ticks since the machine started, as the kernel counts them.
    package var startTicks: UInt64

    package init(pid: Int32, startTicks: UInt64) {
        self.pid = pid
        self.startTicks = startTicks
    }
}

/// `deployment.deploymentstrategy`, as far as local processes can do it.
package enum DeploymentStrategy: String, Sendable, Hashable, Codable, CaseIterable {
    /// The new version takes the place of the old one at once.
    case direct
    /// The new version runs beside the old one under an address of its own until it is released.
    case blueGreen = "blue_green_service"

    /// Keptn's older name of `blue_green_service` counts too; without any it is `direct`.
    package init?(keptn name: String?) {
        switch name {
        case nil, "", "direct": self = .direct
        case "blue_green_service", "duplicate": self = .blueGreen
        default: return nil
        }
    }

    /// Where a new deployment goes, and what `deploymentNames` calls it.
    package var entrance: RouteKind { self == .direct ? .primary : .canary }
    package var deploymentName: String { self == .direct ? "direct" : "canary" }
}
