package import CloudEvents
import KeptnModel

extension ConformanceCase {
    /// What is to be said of the runs of this case, one finding a duty.
    ///
    /// - Parameter patience: How long each run was waited for.
    package func findings(_ runs: [ConformanceRun], patience: Duration) -> [ConformanceFinding] {
        ConformanceDuty.allCases.compactMap { duty in
            if duty == .circumstance {
                return runs.compactMap(\.isUntested).first.map {
                    ConformanceFinding(self, duty, .untested(reason: $0))
                }
            }
            let judge = ConformanceJudge(patience: patience)
            guard duty.hasMatter(in: runs) else {
                return ConformanceFinding(self, duty, .untested(reason: "there was nothing to look at"))
            }
            let complaints = runs.flatMap { judge.complaints(about: $0, duty) }
            return ConformanceFinding(
                self, duty, complaints.isEmpty ? .met : .violated(reason: complaints.joined(separator: "; ")))
        }
    }
}

extension ConformanceDuty {
    /// Silence is a violation of the first duties only.
    fileprivate func hasMatter(in runs: [ConformanceRun]) -> Bool {
        switch self {
        case .started, .finished: true
        case .verdict: runs.contains { run in run.answers.contains { $0.eventType?.kind == .finished } }
        default: runs.contains { !$0.answers.isEmpty }
        }
    }
}

private struct ConformanceJudge {
    let patience: Duration

    func complaints(about run: ConformanceRun, _ duty: ConformanceDuty) -> [String] {
        switch duty {
        case .started: started(run)
        case .finished: finished(run)
        case .order: order(run)
        case .correlation: run.answers.flatMap { correlation($0, run.triggered) }
        case .scope: run.answers.flatMap { scope($0, run.triggered) }
        case .verdict: run.answers.filter { $0.eventType?.kind == .finished }.flatMap(verdict)
        case .circumstance: []
        }
    }

    private func started(_ run: ConformanceRun) -> [String] {
        guard !run.starts.isEmpty else { return ["no .started within \(patience)"] }
        return run.starts.sorted { $0.key < $1.key }.filter { $0.value > 1 }.map {
            "\($0.key) sent \($0.value) different .started for one task"
        }
    }

    private func finished(_ run: ConformanceRun) -> [String] {
        let (starts, ends) = (run.starts, run.ends)
        if starts.isEmpty, ends.isEmpty { return ["no .finished within \(patience)"] }
        return Set(starts.keys).union(ends.keys).sorted().compactMap { source in
            switch (starts[source] ?? 0, ends[source] ?? 0) {
            case (_, 0): "\(source) started and sent no .finished within \(patience)"
            case (0, _): "\(source) sent .finished without .started"
            case (_, 1): nil
            case (_, let count): "\(source) sent \(count) different .finished for one task"
            }
        }
    }

    private func order(_ run: ConformanceRun) -> [String] {
        let own = run.answers.filter { $0.triggeredID == run.triggered.id }
        return Set(own.map(\.source)).sorted().compactMap { source in
            let kinds = own.filter { $0.source == source }.compactMap { $0.eventType?.kind }
            guard let start = kinds.firstIndex(of: .started), let end = kinds.firstIndex(of: .finished) else {
                return nil
            }
            return start < end ? nil : "\(source) sent .finished before .started"
        }
    }

    private func correlation(_ answer: CloudEvent, _ triggered: CloudEvent) -> [String] {
        [
            differs(answer, "shkeptncontext", answer.keptnContext, triggered.keptnContext),
            differs(answer, "triggeredid", answer.triggeredID, triggered.id),
        ].compactMap { $0 }
    }

    private func scope(_ answer: CloudEvent, _ triggered: CloudEvent) -> [String] {
        let (found, wanted) = (answer.keptnData, triggered.keptnData)
        return [
            differs(answer, "data.project", found?.project, wanted?.project),
            differs(answer, "data.stage", found?.stage, wanted?.stage),
            differs(answer, "data.service", found?.service, wanted?.service),
        ].compactMap { $0 }
    }

    private func verdict(_ end: CloudEvent) -> [String] {
        let data = end.keptnData
        return [
            outside(end, "data.status", data?.status, KeptnStatus.allCases.map(\.rawValue)),
            outside(end, "data.result", data?.result, KeptnResult.allCases.map(\.rawValue)),
        ].compactMap { $0 }
    }

    private func differs(_ event: CloudEvent, _ field: String, _ found: String?, _ wanted: String?) -> String? {
        guard found != wanted else { return nil }
        return "\(kind(event)) of \(event.source): \(said(field, found)), not '\(wanted ?? "")'"
    }

    private func outside(_ event: CloudEvent, _ field: String, _ found: String?, _ known: [String]) -> String? {
        if let found, known.contains(found) { return nil }
        let list = known.joined(separator: ", ")
        return "\(kind(event)) of \(event.source): \(said(field, found)); one of \(list) is needed"
    }

    private func said(_ field: String, _ value: String?) -> String {
        value.map { "\(field) is '\($0)'" } ?? "\(field) is missing"
    }

    private func kind(_ event: CloudEvent) -> String { ".\(event.eventType?.kind.rawValue ?? event.type)" }
}
