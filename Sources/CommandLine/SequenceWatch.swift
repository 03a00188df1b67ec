import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

/// Shows a run until it ends: as a tree that is redrawn on a screen, line by line elsewhere.
struct SequenceWatch: Sendable {
    let client: APIClient
    let project: String
    let context: String
    let terminal: Terminal
    var time: any TimeSource = SystemTime()

    /// Pause between two looks at the server; a screen is redrawn at most so often.
    static let interval = Duration.milliseconds(250)

    /// Returns when the run has passed or the time is up; throws the exit code of every other end. A program gets the
    /// events themselves.
    func follow(_ watching: WatchOptions, _ format: OutputOptions) async throws {
        try await watching.limited { [format = format.isData ? format.output : nil] in
            let end: SequenceTree
            if let format {
                let query = ["keptnContext": context, "project": project]
                try await EventWatch(client: client, query: query, format: format, terminal: terminal)
                    .follow { try await isOver() }
                end = try await tree()
            } else {
                end = try await untilOver()
            }
            let code = Self.exitCode(end)
            if code != 0 { throw ExitCode(code) }
        }
    }

    private func isOver() async throws -> Bool {
        let tree = try await tree()
        guard !tree.sequences.isEmpty else { throw unknown }
        guard let state = try await stateIfKnown() else { return false }
        return Self.isOver(state) && tree.isOver
    }

    private static func isOver(_ state: JSON) -> Bool {
        ["finished", "aborted", "timedOut"].contains(state.text("state"))
    }

    /// Shows the run until it is over and returns it.
    func untilOver() async throws -> SequenceTree {
        var shown = SequenceTree(events: [])
        var drawn = 0
        while true {
            let tree = try await tree()
            guard !tree.sequences.isEmpty else { throw unknown }
            guard let state = try await stateIfKnown() else {
                // The trigger is in the log, and its sequence begins at any moment.
                try await time.sleep(for: Self.interval)
                continue
            }
            if terminal.isInteractive {
                let lines = try await lines(tree, state)
                terminal.redraw(lines, over: drawn)
                drawn = lines.count
            } else {
                for line in tree.news(since: shown) { terminal.line(line) }
            }
            shown = tree
            if Self.isOver(state), tree.isOver { return shown }
            try await time.sleep(for: Self.interval)
        }
    }

    /// The run as the API lists it.
    func state() async throws -> JSON {
        guard let state = try await stateIfKnown() else { throw unknown }
        return state
    }

    private func stateIfKnown() async throws -> JSON? {
        let answer = try await client.get(
            "controlPlane/v1/sequence/\(client.segment(project))", ["keptnContext": context])
        return answer["states"]?.elements.first
    }

    private var unknown: KeptnError {
        KeptnError(.notFound, "No sequence in project \(project) has the context \(context)")
    }

    func lines() async throws -> [String] { try await lines(tree(), state()) }

    /// The run as its events tell it.
    func tree() async throws -> SequenceTree {
        var events: [CloudEvent] = []
        let pages = try await client.pages(
            "mongodb-datastore/event", items: "events", ["keptnContext": context, "pageSize": "100"])
        for event in pages.reversed() { events.append(try CloudEvent(structured: event)) }
        return SequenceTree(events: events)
    }

    /// 0 pass, 1 fail, 2 warning, 3 aborted: the worst of the sequences that nobody repaired later.
    static func exitCode(_ tree: SequenceTree) -> Int32 {
        let verdicts = tree.sequences.compactMap(\.verdict)
        if verdicts.contains("aborted") { return 3 }
        if verdicts.contains(where: { $0 != "pass" && $0 != "warning" }) { return 1 }
        return verdicts.contains("warning") ? 2 : 0
    }

    private func lines(_ tree: SequenceTree, _ state: JSON) async throws -> [String] {
        var waiting: [String: String] = [:]
        if !tree.isOver {
            let answer = try await client.get(
                "controlPlane/v1/sequence-execution", ["project": project, "keptnContext": context])
            for execution in answer["sequenceExecutions"]?.elements ?? [] {
                guard let reason = execution["waitingFor"], !reason.isNull else { continue }
                let until = reason.text("until")
                waiting[execution["scope"]?.text("triggeredId") ?? ""] =
                    reason.text("detail") + (until.isEmpty ? "" : ", at most until \(until)")
            }
        }
        let head =
            "\(Paint.strong(state.text("name"), terminal)) of \(state.text("service")) in \(project)  "
            + "\(state.text("state"))  \(Paint.quiet(context, terminal))"
        return [head] + tree.lines(now: time.now, waiting: waiting, on: terminal)
    }
}

extension APIClient {
    /// The items of a paged list, all of them or those of the first pages.
    func pages(
        _ path: String, items: String, _ query: [String: String] = [:], pagesMax: Int = .max
    ) async throws -> [JSON] {
        var result: [JSON] = []
        var key = ""
        var pages = 0
        repeat {
            pages += 1
            let page = try await get(path, key.isEmpty ? query : query.merging(["nextPageKey": key]) { $1 })
            result += page[items]?.elements ?? []
            key = page.text("nextPageKey")
        } while pages < pagesMax && !key.isEmpty && key != "0"
        return result
    }
}
