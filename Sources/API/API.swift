import CloudEvents
import Core
import HTTPTypes
import KeptnModel
package import Ports

/// The HTTP API as a table of routes (K §2.1–2.5). It checks, asks and appends; it decides nothing about sequences.
package struct API: Sendable {
    /// What the API is made of.
    package struct Parts: Sendable {
        package var store: any Store
        package var configuration: any ConfigurationEditing
        package var intake: any EventIntake
        package var barrier: any EventBarrier
        package var subscriptions: any Subscriptions
        package var words: any EventWords
        package var hooks: Hooks
        package var push: any PushControl
        package var artifacts: any ArtifactStore
        package var reports: any TestReports
        package var uniform: Uniform
        package var zips: any ZipArchives
        package var secrets: any SecretStore
        package var tokens: TokenRegistry
        package var channels: ChannelTokens
        package var sessions: SessionRegistry
        /// Nil for a server without an identity provider that people log in at.
        package var login: (any BrowserLogin)?
        package var approvalLinks: ApprovalLinks
        package var time: any TimeSource
        package var ids: any IDSource
        package var version: String
        /// What `/metrics` shows, in the Prometheus text format.
        package var metrics: @Sendable () async -> String
        /// Nil for a server whose repositories are not served to Git clients.
        package var git: (any GitHosting)?

        package init(
            store: any Store, configuration: any ConfigurationEditing, intake: any EventIntake,
            barrier: any EventBarrier, subscriptions: any Subscriptions, words: any EventWords,
            hooks: Hooks = Hooks(), push: any PushControl, artifacts: any ArtifactStore, reports: any TestReports,
            uniform: Uniform, zips: any ZipArchives,
            secrets: any SecretStore, tokens: TokenRegistry, channels: ChannelTokens, sessions: SessionRegistry,
            login: (any BrowserLogin)? = nil, approvalLinks: ApprovalLinks = ApprovalLinks(),
            time: any TimeSource, ids: any IDSource, version: String,
            metrics: @escaping @Sendable () async -> String, git: (any GitHosting)? = nil
        ) {
            self.store = store
            self.configuration = configuration
            self.intake = intake
            self.barrier = barrier
            self.subscriptions = subscriptions
            self.words = words
            self.hooks = hooks
            self.push = push
            self.artifacts = artifacts
            self.reports = reports
            self.uniform = uniform
            self.zips = zips
            self.secrets = secrets
            self.tokens = tokens
            self.channels = channels
            self.sessions = sessions
            self.login = login
            self.approvalLinks = approvalLinks
            self.time = time
            self.ids = ids
            self.version = version
            self.metrics = metrics
            self.git = git
        }
    }

    let parts: Parts

    let pulled: PulledSubscriptions
    let figuresCache = FiguresCache()
    let attempts = LoginAttempts()

    package init(_ parts: Parts) {
        self.parts = parts
        pulled = PulledSubscriptions(parts.subscriptions)
    }

    /// JSON bodies other than events and resources are at most so large.
    static let smallBodyMax = 1 << 20
    /// A request that writes resources is at most so large (Base64 included).
    static let resourceBodyMax = 64 << 20

    package var routes: [HTTPRoute] {
        statusRoutes + eventRoutes + projectRoutes + stageRoutes + serviceRoutes + evaluationRoutes + sequenceRoutes
            + queryRoutes + resourceRoutes + deliveryRoutes + secretRoutes + tokenRoutes + sessionRoutes + loginRoutes
            + uniformRoutes + logRoutes + statisticsRoutes + streamRoutes + importRoutes + descriptionRoutes
            + closedRoutes + debugRoutes
            + gitRoutes + pushRoutes + hookRoutes + overviewRoutes
            + serviceHistoryRoutes + editorRoutes + webhookPreviewRoutes + approvalRoutes + reportRoutes + doraRoutes
    }

    private var statusRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/healthz", access: .everybody) { _ in .text("ok\n") },
            HTTPRoute(.get, "/nginx-health", access: .everybody) { _ in .text("healthy\n") },
            HTTPRoute(.get, "/readyz", access: .everybody) { _ in
                _ = try await parts.store.nextWake()
                return .text("ready\n")
            },
            HTTPRoute(.get, "/metrics", access: .everybody) { _ in
                APIResponse(
                    contentType: "text/plain; version=0.0.4; charset=utf-8",
                    body: Array((await parts.metrics() + recentFigures()).utf8))
            },
            HTTPRoute(.post, "/api/v1/auth") { _ in .json([:]) },
            HTTPRoute(.get, "/api/v1/auth") { _ in .json([:]) },
            HTTPRoute(.get, "/api/v1/metadata") { _ in
                .json([
                    "namespace": "keptn", "keptnlabel": "keptn", "keptnversion": .string(parts.version),
                    "shipyardversion": "0.2.0", "bridgeversion": .string(parts.version), "keptnservices": [:],
                    "automaticprovisioning": true,
                ])
            },
        ]
    }

    /// The JSON object of a request.
    func object(_ request: APIRequest, upTo bytesMax: Int = smallBodyMax) async throws -> JSON {
        let bytes = try await request.body.collect(upTo: bytesMax)
        do {
            let json = try JSON(parsing: bytes)
            guard json.kind == .object else {
                throw KeptnError(.invalidInput, "the body has to be a JSON object; it is a JSON \(json.kind.rawValue)")
            }
            return json
        } catch let error as JSONError {
            throw KeptnError(.invalidInput, "the body is not JSON: \(error)")
        }
    }
}
