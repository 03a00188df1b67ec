// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "keptn",
    products: [
        .executable(name: "keptn", targets: ["keptn"]),
        .library(name: "KeptnKit", targets: ["KeptnKit", "RemoteClients"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ] + documentation,
    targets: floors.flatMap(\.self) + tests + fuzzing
)

/// The floors of docs/architecture.md, lowest first. A target imports only from the floors below its own;
/// Tests/TidyTests reads the same table and fails where a file does otherwise.
nonisolated var floors: [[Target]] {
    [
        // 0 model
        [
            .target(name: "CloudEvents"),
            .target(name: "KeptnModel", dependencies: ["CloudEvents"]),
            .target(name: "GoTemplate", dependencies: ["CloudEvents", "KeptnModel"]),
            .target(name: "SpecFiles", dependencies: ["CloudEvents", "KeptnModel", "GoTemplate", "Yams"]),
        ],
        // 1 decisions
        [.target(name: "Core", dependencies: ["CloudEvents", "KeptnModel", "GoTemplate"])],
        // 2 ports
        [
            .target(name: "Ports", dependencies: ["CloudEvents", "KeptnModel", "Core", httpTypes, logging])
        ],
        // 3 kit
        [.target(name: "KeptnKit", dependencies: model + [crypto, lifecycle, logging, unixSignals])],
        // 4 adapters
        [
            .systemLibrary(name: "CGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
            .target(name: "CGitStream", dependencies: ["CGit2"]),
            .systemLibrary(name: "CLinuxProcess"),
            .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
            .target(
                name: "GitRepositories",
                dependencies: model + [
                    "CGit2", "CGitStream", asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL, subprocess,
                ]),
            .target(
                name: "HTTPServing",
                dependencies: model + [
                    "CZlib", httpTypes, hummingbird, hummingbirdCore, lifecycle, logging, nioCore, nioHTTP1,
                    nioWebSocket,
                ]),
            .target(name: "IndicatorSources", dependencies: model + ["GoTemplate"]),
            .target(name: "LoadTools", dependencies: model + [logging, nioPosix, subprocess, system]),
            .target(name: "OpenIDConnect", dependencies: model + [jwtKit]),
            .target(
                name: "ProcessRuntime",
                dependencies: model + [
                    "CLinuxProcess", asyncHTTPClient, crypto, httpTypes, hummingbird, lifecycle, logging, nioCore,
                    nioHTTP1,
                    nioPosix, subprocess,
                ]),
            .target(
                name: "RemoteClients",
                dependencies: model + [
                    "KeptnKit", asyncHTTPClient, crypto, httpTypes, logging, nioCore, nioHTTP1, nioPosix, nioSSL,
                ]),
            .target(name: "SQLiteStore", dependencies: model + [crypto, grdb, grdbSQLite, logging]),
        ],
        // 5 components
        component("API", ["SpecFiles", crypto, httpTypes]),
        [.target(name: "CBridgeFiles")],
        component("Bridge", ["CBridgeFiles", crypto, httpTypes], exclude: ["Client"]),
        component("ConfigurationService", ["SpecFiles"]),
        component("Datastore"),
        component("Distributor", ["KeptnKit", httpTypes]),
        component("EventBroker"),
        component("GatekeeperService", ["KeptnKit"]),
        component("JMeterService", ["KeptnKit", "SpecFiles"]),
        component("LighthouseService", ["KeptnKit", "SpecFiles"]),
        component("MonitoringService", ["KeptnKit", "SpecFiles"]),
        component("ProcessService", ["KeptnKit", "SpecFiles"]),
        component("RemediationService", ["KeptnKit", "SpecFiles"]),
        component("ShipyardService", ["SpecFiles"]),
        component("WaitService", ["KeptnKit"]),
        component("WebhookService", ["KeptnKit", "SpecFiles"]),
        // 6 programs
        [
            .target(
                name: "Assembly",
                dependencies: model + [
                    "KeptnKit", "SpecFiles", "GitRepositories", "HTTPServing", "IndicatorSources", "LoadTools",
                    "OpenIDConnect", "ProcessRuntime", "RemoteClients", "SQLiteStore",
                    "API", "Bridge", "ConfigurationService", "Datastore", "Distributor", "EventBroker",
                    "GatekeeperService",
                    "JMeterService",
                    "LighthouseService", "MonitoringService", "ProcessService", "RemediationService",
                    "ShipyardService", "WaitService", "WebhookService", lifecycle, logging,
                    unixSignals,
                ]),
            .target(
                name: "CommandLine",
                dependencies: model + [
                    "Assembly", "GoTemplate", "ProcessRuntime", "RemoteClients", "SpecFiles", argumentParser, lifecycle,
                    logging, subprocess, system,
                ]),
            .executableTarget(name: "keptn", dependencies: ["CommandLine", argumentParser]),
            .executableTarget(
                name: "keptn-bench",
                dependencies: model + [
                    "Distributor", "HTTPServing", "KeptnKit", "ProcessRuntime", "RemoteClients", "SQLiteStore",
                    argumentParser, asyncHTTPClient, grdb, httpTypes, lifecycle, logging, nioCore, nioHTTP1, subprocess, system,
                    unixSignals,
                ]),
            .executableTarget(
                name: "carts", dependencies: [argumentParser, httpTypes, hummingbird], path: "examples/sockshop/carts",
                exclude: ["v1", "v2", "v3"]),
            .executableTarget(
                name: "notifier", dependencies: ["CloudEvents", "KeptnKit", "RemoteClients", logging],
                path: "examples/swift"),
        ],
    ].map { $0.map(withHouseSettings) }
}

nonisolated var tests: [Target] {
    [
        .target(
            name: "TestSupport", dependencies: model + ["ProcessRuntime", "SpecFiles", subprocess, system],
            path: "Tests/TestSupport"),
        .testTarget(
            name: "ModelTests", dependencies: ["CloudEvents", "KeptnModel", "SpecFiles", "TestSupport"],
            exclude: ["CloudEventsSDK"]),
        .testTarget(
            name: "GoTemplateTests", dependencies: ["CloudEvents", "GoTemplate", "TestSupport"], exclude: ["Go"]),
        .testTarget(
            name: "CoreTests",
            dependencies: ["CloudEvents", "KeptnModel", "GoTemplate", "Core", "SpecFiles", "TestSupport"],
            exclude: ["Evaluation/SciPy"], resources: [.copy("Transcripts")]),
        .testTarget(
            name: "ContractTests",
            dependencies: model + [
                "GitRepositories", "HTTPServing", "IndicatorSources", "KeptnKit", "LoadTools", "OpenIDConnect",
                "ProcessRuntime", "RemoteClients", "SQLiteStore", "SpecFiles", "TestSupport",
                asyncHTTPClient, crypto, grdb, httpTypes, jwtKit, logging, nioCore, nioHTTP1, nioPosix,
                nioWebSocket, subprocess,
            ]),
        .testTarget(
            name: "ComponentTests",
            dependencies: model + [
                "KeptnKit", "TestSupport", "API", "Bridge", "ConfigurationService", "Datastore", "Distributor",
                "EventBroker",
                "GatekeeperService",
                "HTTPServing", "IndicatorSources", "JMeterService", "LighthouseService", "MonitoringService",
                "ProcessRuntime", "ProcessService", "RemediationService", "RemoteClients",
                "ShipyardService", "SpecFiles", "WaitService", "WebhookService", asyncHTTPClient, crypto, httpTypes,
                lifecycle,
                logging, nioCore, nioHTTP1,
            ]),
        .testTarget(
            name: "SimulationTests",
            dependencies: model + ["Distributor", "ShipyardService", "SpecFiles", "TestSupport", logging]),
        .testTarget(
            name: "SystemTests",
            dependencies: model + [
                "ProcessRuntime", "RemoteClients", "TestSupport", "carts", "keptn", "keptn-bench", "notifier",
                subprocess, system,
            ],
            exclude: ["Bridge", "Files"]),
        .testTarget(name: "TidyTests"),
    ].map(withHouseSettings)
}

/// Only for scripts/fuzz: its `main` comes from libFuzzer, so that it cannot be linked in an ordinary build.
nonisolated var fuzzing: [Target] {
    guard Context.environment["KEPTN_FUZZ"] != nil else { return [] }
    return [
        .executableTarget(
            name: "fuzz", dependencies: model + ["GoTemplate", "SpecFiles"], path: "Fuzz", exclude: ["Seeds"])
    ].map(withHouseSettings)
}

/// Only for `make docs`: nobody who builds needs it.
nonisolated var documentation: [Package.Dependency] {
    guard Context.environment["KEPTN_DOCS"] != nil else { return [] }
    return [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0")]
}

nonisolated var model: [Target.Dependency] { ["CloudEvents", "KeptnModel", "Core", "Ports"] }

/// A component sees the model, the decisions and the ports; never an adapter, never another component.
nonisolated func component(
    _ name: String, _ more: [Target.Dependency] = [], exclude: [String] = []
) -> [Target] {
    [.target(name: name, dependencies: model + more + [logging, lifecycle], exclude: exclude)]
}

nonisolated func withHouseSettings(_ target: Target) -> Target {
    guard target.type != .system else { return target }
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
    return target
}

nonisolated var argumentParser: Target.Dependency { .product(name: "ArgumentParser", package: "swift-argument-parser") }
nonisolated var asyncHTTPClient: Target.Dependency { .product(name: "AsyncHTTPClient", package: "async-http-client") }
nonisolated var crypto: Target.Dependency { .product(name: "Crypto", package: "swift-crypto") }
nonisolated var grdb: Target.Dependency { .product(name: "GRDB", package: "GRDB.swift") }
nonisolated var grdbSQLite: Target.Dependency { .product(name: "GRDBSQLite", package: "GRDB.swift") }
nonisolated var httpTypes: Target.Dependency { .product(name: "HTTPTypes", package: "swift-http-types") }
nonisolated var hummingbird: Target.Dependency { .product(name: "Hummingbird", package: "hummingbird") }
nonisolated var hummingbirdCore: Target.Dependency { .product(name: "HummingbirdCore", package: "hummingbird") }
nonisolated var jwtKit: Target.Dependency { .product(name: "JWTKit", package: "jwt-kit") }
nonisolated var lifecycle: Target.Dependency { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
nonisolated var logging: Target.Dependency { .product(name: "Logging", package: "swift-log") }
nonisolated var nioCore: Target.Dependency { .product(name: "NIOCore", package: "swift-nio") }
nonisolated var nioHTTP1: Target.Dependency { .product(name: "NIOHTTP1", package: "swift-nio") }
nonisolated var nioSSL: Target.Dependency { .product(name: "NIOSSL", package: "swift-nio-ssl") }
nonisolated var nioPosix: Target.Dependency { .product(name: "NIOPosix", package: "swift-nio") }
nonisolated var nioWebSocket: Target.Dependency { .product(name: "NIOWebSocket", package: "swift-nio") }
nonisolated var system: Target.Dependency { .product(name: "SystemPackage", package: "swift-system") }
nonisolated var unixSignals: Target.Dependency { .product(name: "UnixSignals", package: "swift-service-lifecycle") }
nonisolated var subprocess: Target.Dependency { .product(name: "Subprocess", package: "swift-subprocess") }
