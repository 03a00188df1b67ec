import ArgumentParser
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging

/// The shopping carts of the sock shop: a small HTTP service to deliver with Keptn. How a version of it behaves is in
/// the `version.json` beside the program.
@main
struct Carts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "carts", abstract: "Keeps shopping carts in memory and serves them over HTTP.")

    @Option(help: "The port to listen on.")
    var port: Int

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The file that describes this version (default: version.json beside the program).")
    var versionFile: String?

    func run() async throws {
        let version = try Version(file: versionFile ?? Version.fileBesideProgram())
        var logger = Logger(label: "carts")
        logger.logLevel = .notice
        logger.notice("carts \(version.version) serves port \(port)")
        let application = Application(
            router: CartRoutes(version: version).router,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)), logger: logger)
        try await application.runService()
    }
}

/// What distinguishes one version of the service from another.
struct Version: Decodable, Sendable {
    let version: String
    /// How long each answer takes beyond what the machine needs.
    let latencyMilliseconds: Int?
    /// So many requests of a new process take no time at all: as with a leak, trouble comes later.
    let quickRequests: Int?
    /// 0...1: the part of the requests for carts that is answered with 500.
    let errorRate: Double?
    /// Whether a cart tells how many pieces are in it.
    let showsCount: Bool?

    init(file: String) throws {
        guard let content = FileManager.default.contents(atPath: file) else {
            throw ValidationError("there is no file '\(file)'; it should hold something like {\"version\": \"1\"}")
        }
        do {
            self = try JSONDecoder().decode(Version.self, from: content)
        } catch {
            throw ValidationError("'\(file)' cannot be read: \(error)")
        }
    }

    static func fileBesideProgram() throws -> String {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = program.lastIndex(of: "/").map { program[..<$0] } ?? "."
        return "\(folder)/version.json"
    }
}
