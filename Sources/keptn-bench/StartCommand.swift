import ArgumentParser
import CloudEvents
import Subprocess

/// How long a server needs until it is ready, on an empty folder and on one that it has used before.
struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Measure the time from start to ready, and the memory of an idle server.")

    @Option(help: "Starts of each kind.") var count = 10
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    func run() async throws {
        var first = Samples()
        var again = Samples()
        var idle = Samples()
        for _ in 0..<count {
            try await withTemporaryFolder { home in
                for isFirst in [true, false] {
                    let (ready, memory) = try await ServerUnderTest.run(
                        program: ServerUnderTest.program(keptn), home: home
                    ) { server in ((server.readyAfter, server.residentMegabytes.now), .terminate) }
                    if isFirst { first.add(ready) } else { again.add(ready) }
                    idle.add(milliseconds: memory)
                }
            }
        }
        let quantiles = [(name: "p50", q: 0.5), (name: "max", q: 1.0)]
        Output.report(
            .object([
                ("firstStartMs", first.json(quantiles)), ("laterStartMs", again.json(quantiles)),
                ("idleRSSMB", idle.json(quantiles)), ("conditions", Conditions.json),
            ]), asJSON: json)
    }
}
