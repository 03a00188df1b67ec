package import KeptnModel

/// How to get from one release to the next. The shell carries it out in this order: store `next`, so that a restart
/// knows what has to run; set the routes to it, which moves the traffic at once; then let the retired deployments
/// finish their last requests and stop them.
package struct DeploymentPlan: Sendable, Hashable {
    package var next: Release
    /// No longer part of the release, but still running.
    package var retired: [Deployment]

    init(from release: Release, to next: Release) {
        self.next = next
        if let old = release.primary, let new = next.primary, new.id != old.id {
            let before = (next.previous ?? []) + [old.withoutReplicas]
            self.next.previous = Array(before.suffix(Release.previousMax))
        }
        let kept = Set(next.deployments.map(\.id))
        retired = release.deployments.filter { !kept.contains($0.id) }
    }

    /// A deployment is up and healthy: it takes its place. `direct` replaces all there is; a canary replaces a canary
    /// and leaves the primary alone.
    package static func deploy(_ deployment: Deployment, over release: Release) -> DeploymentPlan {
        var next = release
        next[deployment.strategy.entrance] = deployment
        if deployment.strategy == .direct { next.canary = nil }
        return DeploymentPlan(from: release, to: next)
    }

    /// A release task: a canary that passed (or passed with a warning) becomes the primary. Nil when nothing is to be
    /// done: a failed result, or no canary.
    package static func release(_ release: Release, result: KeptnResult) -> DeploymentPlan? {
        guard let canary = release.canary, result != .fail else { return nil }
        var next = release
        next.primary = canary
        next.canary = nil
        return DeploymentPlan(from: release, to: next)
    }

    /// A rollback task: the canary goes, the primary stays as it is. Nil without a canary.
    package static func rollback(_ release: Release) -> DeploymentPlan? {
        guard release.canary != nil else { return nil }
        var next = release
        next.canary = nil
        return DeploymentPlan(from: release, to: next)
    }

    /// The service is deleted.
    package static func remove(_ release: Release) -> DeploymentPlan {
        DeploymentPlan(from: release, to: Release(scope: release.scope))
    }
}

/// What a deployment task is to start.
package enum ArtifactChoice: Sendable, Hashable {
    case deploy(ArtifactReference)
    /// With a sentence for the user.
    case refuse(String)

    /// The task's image, or without one what the stage has now: what it serves before what waits as a canary.
    package init(image: String?, release: Release) {
        if let image, !image.isEmpty {
            if let reference = ArtifactReference(image) {
                self = .deploy(reference)
            } else {
                self = .refuse(
                    "the image '\(image)' is no artifact of this server; one is called NAME@sha256:DIGEST, and "
                        + "'keptn trigger delivery --image PATH' uploads a file and sends its name")
            }
        } else if let known = release.primary ?? release.canary {
            self = .deploy(known.artifact)
        } else {
            self = .refuse(
                "there is nothing to deploy: the event has no configurationChange.values.image, and nothing of "
                    + "\(release.scope.service) runs in stage \(release.scope.stage) yet")
        }
    }
}

/// How long to wait before a process that ended by itself is started again: doubling from a fifth of a second to half a
/// minute; a process that lived for a minute begins anew.
package struct RestartBackoff: Sendable, Hashable {
    package private(set) var failures = 0

    package static let first = Duration.milliseconds(200)
    package static let longest = Duration.seconds(30)
    package static let goodLife = Duration.seconds(60)

    package init() {}

    /// The process ended after it had lived so long.
    package mutating func delay(afterLiving life: Duration) -> Duration {
        if life >= Self.goodLife { failures = 0 }
        failures += 1
        let doublings = min(failures - 1, 20)
        return min(Self.first * (1 << doublings), Self.longest)
    }
}
