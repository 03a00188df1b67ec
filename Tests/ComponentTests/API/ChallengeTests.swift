import HTTPServing
import HTTPTypes
import Logging
import Ports
import RemoteClients
import Testing

@Suite("What a server says to somebody it does not know", .timeLimit(.minutes(5)))
struct ChallengeTests {
    @Test("Git hears of Basic, everybody else of Bearer")
    func challenges() async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let paths = ["/api/git/{project}/info/refs", "/api/v1/metadata"]
        let serving = HTTPServing(
            host: "127.0.0.1", port: 0, routes: paths.map { HTTPRoute(.get, $0) { _ in .text("in") } },
            requests: RequestStatistics(), admit: { _, _ in throw KeptnError(.unauthorized, "who?") },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { port.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serving.run() }
            for await number in ports {
                for (path, scheme) in [("/api/git/shop.git/info/refs", "Basic"), ("/api/v1/metadata", "Bearer")] {
                    let answer = try await WebRequester().send(
                        OutgoingRequest(url: "http://127.0.0.1:\(number)\(path)"))
                    #expect(answer.status == 401)
                    #expect(answer.headers["www-authenticate"] == "\(scheme) realm=\"keptn\"")
                }
                break
            }
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
    }
}
