import CloudEvents
import Core
package import KeptnKit
import KeptnModel
import Logging
package import Ports
import SpecFiles

/// The quality gate (K §2.6): asks an SLI provider for the indicators of a window of time, scores them against the
/// service's objectives, and says what was missed.
///
/// It keeps no state but a memory of what it has read lately. A crash in the middle makes the task come again; the
/// request to the provider has the same event id then, and an answer that came meanwhile is found in the log.
package struct LighthouseService: Sendable {
    package static let name = "lighthouse-service"
    /// The longest that a provider may take; Keptn 1.4.5 waited for ever (keptn#7407).
    package static let providerMax = Duration.seconds(300)

    let configuration: any ConfigurationWriting
    private let queries: any EventQueries
    private let time: any TimeSource
    /// The SLI provider of projects that have not chosen one; empty for none.
    let sliProvider: String
    private let recent = RecentGates()

    package init(
        configuration: any ConfigurationWriting, queries: any EventQueries, time: any TimeSource, sliProvider: String
    ) {
        self.configuration = configuration
        self.queries = queries
        self.time = time
        self.sliProvider = sliProvider
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version).requesting("get-sli").on(task: "evaluation", perform: evaluate)
            .on(eventType: Self.choice, perform: choose).cancelledOnAbort()
    }

    // MARK: - One evaluation

    /// The SLO with its file: `slo.yaml`, or the objectives of Keptn 0.5.
    private func objectives(of task: TaskContext) async throws -> (file: ConfigurationFile?, slo: SLO?) {
        let place = ConfigurationPlace(task.scope)
        if let file = try await configuration.file("slo.yaml", at: place, commit: task.gitCommitID) {
            return (file, try await recent.slo(file))
        }
        let old = "service-objectives.yaml"
        guard let file = try await configuration.file(old, at: place, commit: task.gitCommitID) else {
            return (nil, nil)
        }
        return (file, try SpecFiles.serviceObjectives(file.bytes, file: old).value)
    }

    private func evaluate(_ task: TaskContext) async throws -> TaskOutcome {
        let window: EvaluationWindow
        do {
            window = try EvaluationWindow(ofTriggered: task.data, now: time.now)
        } catch {
            return .errored("\(error)")
        }
        let file: ConfigurationFile?
        let slo: SLO?
        do {
            (file, slo) = try await objectives(of: task)
        } catch let error as CancellationError {
            throw error
        } catch {
            return .errored("error retrieving SLO file: \(Self.reason(error, task.scope))")
        }
        let provider: String
        do {
            provider = try await self.provider(of: task.scope.project)
            // Nobody answers for one of the project's own whose kind cannot be read.
            if SLIProviderSpec.Kind(rawValue: provider) == nil, provider != KeptnSLIProvider.provider {
                _ = try await IndicatorFiles(configuration: configuration).spec(
                    of: provider, task.scope, task.gitCommitID)
            }
        } catch let error as InvalidFile {
            return .errored("error retrieving the SLI provider of project \(task.scope.project): \(error)")
        }
        guard !provider.isEmpty else {
            return .pass(
                "no evaluation performed by lighthouse because no SLI-provider configured for project "
                    + task.scope.project,
                data: ["evaluation": window.json(result: .pass)])
        }
        let answers: (whole: JSON, windows: [Duration: JSON])
        do {
            answers = try await ask(provider, task, window, slo)
        } catch is DeadlineExceeded {
            return .errored(
                "SLI provider \(provider) has not answered within \(Self.providerMax.go): is it running, and does it "
                    + "hear sh.keptn.event.get-sli.triggered?")
        }
        for answer in [answers.whole] + answers.windows.values {
            if let failure = Self.failure(of: answer) { return failure }
        }
        guard let slo, let file else {
            return .pass(
                "no evaluation performed by lighthouse because no SLO file configured for project "
                    + task.scope.project,
                data: ["evaluation": window.json(result: .pass)])
        }
        return try await judge(answers.whole, answers.windows, slo, file, task, window)
    }

    private static func reason(_ error: any Error, _ scope: Scope) -> String {
        guard error is InvalidFile else { return "\(error)" }
        return "Could not parse SLO file for service \(scope.service) in stage \(scope.stage) in project "
            + "\(scope.project)\n\(error)"
    }

    /// The provider's answer for the window, and for those of the SLO's error budgets.
    private func ask(
        _ provider: String, _ task: TaskContext, _ window: EvaluationWindow, _ slo: SLO?
    ) async throws -> (whole: JSON, windows: [Duration: JSON]) {
        let budgets = slo?.budgetWindows ?? []
        return try await withThrowingTaskGroup(of: (Duration?, JSON).self) { group in
            group.addTask {
                let indicators = (slo?.objectives ?? []).map(\.sli)
                return (nil, try await ask(provider, task, window.start, window.end, indicators, slo))
            }
            for (length, indicators) in budgets {
                group.addTask {
                    let start = window.end - length
                    return (
                        length,
                        try await ask(provider, task, start, window.end, indicators, slo, part: length.go)
                    )
                }
            }
            var answers: (whole: JSON, windows: [Duration: JSON]) = (.emptyObject, [:])
            for try await (length, answer) in group {
                if let length { answers.windows[length] = answer } else { answers.whole = answer }
            }
            return answers
        }
    }

    /// - Parameter part: Tells the requests of one evaluation apart.
    private func ask(
        _ provider: String, _ task: TaskContext, _ start: Timestamp, _ end: Timestamp, _ indicators: [String],
        _ slo: SLO?, part: String = ""
    ) async throws -> JSON {
        let sampled = part.isEmpty ? slo?.sampledIndicators.sorted() ?? [] : []
        let request: JSON = [
            "sliProvider": .string(provider), "start": .string(start.rfc3339), "end": .string(end.rfc3339),
            "indicators": .array(indicators.map { .string($0) }),
            "customFilters": .array((slo?.filter ?? []).map { ["key": .string($0.key), "value": .string($0.value)] }),
            "sampled": sampled.isEmpty ? nil : .array(sampled.map { .string($0) }),
        ]
        let deployment = task.data["deployment", "deploymentNames"]?.elements.first?.stringValue ?? ""
        let answer = try await task.request(
            task: "get-sli", part: part,
            data: ["get-sli": request, "deployment": .string(deployment), "test": task.data["test"]],
            deadline: Self.providerMax)
        return answer.json ?? .emptyObject
    }

    /// Nil for a provider that could do its work, whatever came of it.
    private static func failure(of answer: JSON) -> TaskOutcome? {
        guard let status = answer["status"]?.stringValue, ["aborted", "errored"].contains(status) else { return nil }
        return .errored(
            "evaluation \(status) because the SLI provider ended with status \(status): \(message(of: answer))")
    }

    private static func message(of answer: JSON) -> String { answer["message"]?.stringValue ?? "" }

    private func judge(
        _ answer: JSON, _ windows: [Duration: JSON], _ slo: SLO, _ file: ConfigurationFile, _ task: TaskContext,
        _ window: EvaluationWindow
    ) async throws -> TaskOutcome {
        let outcome: EvaluationOutcome
        do {
            let rule = try ComparisonRule(slo.comparison)
            outcome = Evaluation.evaluate(
                slo: slo, values: try SLIValue.values(ofGetSLIFinished: answer),
                windows: try windows.mapValues { try SLIValue.values(ofGetSLIFinished: $0) },
                previous: try await previous(rule, task),
                providerFailure: answer["result"] == "fail" ? Self.message(of: answer) : nil)
        } catch let error as EvaluationError {
            outcome = .errored(error.description)
        }
        return TaskOutcome(
            status: outcome.status, result: outcome.result, message: outcome.message,
            data: [
                "evaluation": outcome.evaluationJSON(
                    timeStart: answer["get-sli", "start"]?.stringValue ?? window.start.rfc3339,
                    timeEnd: answer["get-sli", "end"]?.stringValue ?? window.end.rfc3339, sloFile: file.bytes,
                    gitCommit: file.commit)
            ])
    }

    /// The earlier evaluations of the same place that this one is compared with, newest first (K §3.2, §9.1).
    private func previous(_ rule: ComparisonRule, _ task: TaskContext) async throws -> [PreviousEvaluation] {
        var query = EventQuery()
        query.type = EventType.task(name: "evaluation", kind: .finished).text
        query.project = task.scope.project
        query.stage = task.scope.stage
        query.service = task.scope.service
        query.results = (rule.includedResults ?? []).map(\.rawValue).sorted()
        query.excludeInvalidated = true
        query.limit = rule.resultsMax
        var previous: [PreviousEvaluation] = []
        for recorded in try await queries.events(query) {
            if let evaluation = try await recent.evaluation(recorded) { previous.append(evaluation) }
        }
        return previous
    }
}
