import ArgumentParser
import CloudEvents
import Ports
import RemoteClients
import SpecFiles

/// `--watch` and how long.
struct WatchOptions: ParsableArguments {
    @Flag(name: [.short, .long], help: "Follow what goes on until it ends.") var watch = false
    @Option(help: "Follow it for at most so many seconds.") var watchTime: Int?

    func validate() throws {
        guard let watchTime else { return }
        if !watch { throw ValidationError("--watch-time needs --watch") }
        if watchTime <= 0 { throw ValidationError("--watch-time \(watchTime): a number of seconds above 0 is needed") }
    }

    /// Runs the body at most as long as it was wished; what ends by that has not failed (cli-wire-contract §6).
    func limited(_ body: @escaping @Sendable () async throws -> Void) async throws {
        guard let watchTime else { return try await body() }
        do {
            try await SystemTime().withDeadline(.seconds(watchTime), "--watch-time", body)
        } catch is DeadlineExceeded {}
    }
}

/// Prints events as they come, each as a document, oldest first.
struct EventWatch {
    let client: APIClient
    /// The query of mongodb-datastore that the events answer to.
    let query: [String: String]
    let format: OutputFormat
    let terminal: Terminal
    var time: any TimeSource = SystemTime()

    /// Pause between two looks at the server.
    private static let interval = Duration.seconds(1)
    /// An event may be stored so much later than its time says, and is not missed.
    private static let lateness = Duration.seconds(10)

    /// Returns once `isOver` was true and everything until then was printed.
    func follow(until isOver: () async throws -> Bool = { false }) async throws {
        var shown: Set<String> = []
        var newest: Timestamp?
        while true {
            let isLast = try await isOver()
            var query = query.merging(["pageSize": "100"]) { $1 }
            query["fromTime"] = newest.map { ($0 - Self.lateness).rfc3339 }
            let events = try await client.pages("mongodb-datastore/event", items: "events", query)
            for event in events.reversed() where shown.insert(event.text("id")).inserted {
                Self.print(event, format, terminal)
            }
            shown = Set(events.map { $0.text("id") })
            newest = events.compactMap { Timestamp(rfc3339: $0.text("time")) }.max() ?? newest
            if isLast { return }
            try await time.sleep(for: Self.interval)
        }
    }

    /// As Keptn 1.4.5 prints events.
    static func print(_ data: JSON, _ format: OutputFormat, _ terminal: Terminal) {
        switch format {
        case .yaml: terminal.text(SpecFiles.yaml(from: data))
        case .json, .table, .wide: terminal.line(data.pretty(indent: 4))
        }
    }
}
