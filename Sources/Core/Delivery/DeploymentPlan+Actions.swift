package import CloudEvents
package import KeptnModel

/// How actions of a remediation change what serves. Nil stands for an action that was carried out already, or for a
/// release that has changed meanwhile.
extension DeploymentPlan {
    /// How many processes the primary is to have.
    ///
    /// - Throws: What keeps the action from being done.
    package static func replicas(
        of release: Release, changedBy step: Int
    ) throws(ActionObstacle) -> ClosedRange<Int> {
        guard let primary = release.primary else { throw ActionObstacle.nothingServes(release.scope) }
        let (before, after) = (primary.replicas.count, primary.replicas.count + step)
        guard ProcessSpec.replicasLimits.contains(after) else {
            throw ActionObstacle(
                "\(release.scope.service) in stage \(release.scope.stage) has \(before) processes; with \(after) it "
                    + "would have less or more than \(ProcessSpec.replicasLimits.lowerBound) to "
                    + "\(ProcessSpec.replicasLimits.upperBound)")
        }
        return min(before, after)...max(before, after)
    }

    /// The primary gets these processes more.
    package static func add(
        _ replicas: [Replica], to deployment: String, of release: Release, by action: String
    ) -> DeploymentPlan? {
        guard var primary = release.primary, primary.id == deployment else { return nil }
        primary.replicas += replicas
        primary.spec.replicas = primary.replicas.count
        primary.noteChange(by: action)
        var next = release
        next.primary = primary
        return DeploymentPlan(from: release, to: next)
    }

    /// The primary keeps its first processes; the others are retired.
    package static func keep(
        _ count: Int, of deployment: String, in release: Release, by action: String
    ) -> DeploymentPlan? {
        guard var primary = release.primary, primary.id == deployment, primary.replicas.count > count else {
            return nil
        }
        var retired = primary
        retired.replicas = Array(primary.replicas.dropFirst(count))
        primary.replicas = Array(primary.replicas.prefix(count))
        primary.spec.replicas = count
        primary.noteChange(by: action)
        var next = release
        next.primary = primary
        var plan = DeploymentPlan(from: release, to: next)
        plan.retired.append(retired)
        return plan
    }

    /// The primary has these processes now, one for one in the place of the old ones.
    package static func replace(
        with replicas: [Replica], of deployment: String, in release: Release, by action: String
    ) -> DeploymentPlan? {
        guard var primary = release.primary, primary.id == deployment, primary.replicas.count == replicas.count else {
            return nil
        }
        let retired = primary
        primary.replicas = replicas
        primary.noteChange(by: action)
        var next = release
        next.primary = primary
        var plan = DeploymentPlan(from: release, to: next)
        plan.retired.append(retired)
        return plan
    }

    /// The version to go back to: the last one before the primary that passed its gate. One that failed, be it in one
    /// of several deliveries, that was rolled back, or of which no gate has said anything, is none.
    package static func lastGood(of release: Release) throws(ActionObstacle) -> Deployment {
        guard let primary = release.primary else { throw ActionObstacle.nothingServes(release.scope) }
        let previous = release.previous ?? []
        let failed = Set((previous + release.deployments).filter { $0.gate == .fail }.map(\.artifact))
        let good = previous.last { deployment in
            (deployment.gate == .pass || deployment.gate == .warning) && deployment.artifact != primary.artifact
                && !failed.contains(deployment.artifact)
        }
        guard let good else {
            throw ActionObstacle(
                "no earlier version of \(release.scope.service) has passed a quality gate in stage "
                    + "\(release.scope.stage)")
        }
        return good
    }

    /// The primary is replaced by an earlier version, and will never be gone back to. A canary stays.
    package static func goBack(
        to deployment: Deployment, from current: String, in release: Release, by action: String
    ) -> DeploymentPlan? {
        guard var primary = release.primary, primary.id == current else { return nil }
        primary.gate = .fail
        var (from, next) = (release, release)
        from.primary = primary
        var restored = deployment
        restored.noteChange(by: action)
        next.primary = restored
        next.previous = next.previous?.map { earlier in
            var earlier = earlier
            if earlier.artifact == primary.artifact { earlier.gate = .fail }
            return earlier
        }
        return DeploymentPlan(from: from, to: next)
    }

    /// What a quality gate said of the version that a run delivered. A gate of a run that delivered nothing, such as a
    /// remediation's, counts against what serves when it failed. Nil when nothing follows from it.
    ///
    /// - Parameter start: From when on it has measured.
    package static func note(
        gate result: KeptnResult, ofRun context: String, measuringFrom start: Timestamp?, in release: Release
    ) -> DeploymentPlan? {
        var next = release
        let isOfDelivery = (release.deployments + (release.previous ?? [])).contains { $0.context == context }
        if !isOfDelivery, result == .fail, let start, let began = release.primary?.startedAt, began <= start {
            next.primary?.gate = .fail
        }
        for kind in RouteKind.allCases where next[kind]?.context == context { next[kind]?.gate = result }
        next.previous = next.previous?.map { deployment in
            var deployment = deployment
            // What was rolled back stays so.
            if deployment.context == context, deployment.gate != .fail { deployment.gate = result }
            return deployment
        }
        return next == release ? nil : DeploymentPlan(from: release, to: next)
    }
}

/// Why an action cannot be done; a sentence for the user.
package struct ActionObstacle: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }

    package static func nothingServes(_ scope: Scope) -> ActionObstacle {
        ActionObstacle("nothing of \(scope.service) serves in stage \(scope.stage)")
    }
}
