package import CloudEvents
package import KeptnModel

/// The time that an evaluation looks at, from the words of a request or an event (K §2.3.7, §2.6).
package struct EvaluationWindow: Sendable, Hashable {
    package let start: Timestamp
    package let end: Timestamp

    /// What is evaluated when nothing is said.
    private static let standardLength = Duration.seconds(300)
    private static let lengthMin = Duration.seconds(60)

    /// The window of an `evaluation.triggered` event: its own start and end or timeframe, else the test's.
    package init(ofTriggered data: JSON, now: Timestamp) throws(EvaluationError) {
        let asked = data["evaluation"]
        let (askedStart, askedLength) = (try Self.text(asked, "start"), try Self.text(asked, "timeframe"))
        if askedStart != nil || askedLength != nil {
            (start, end) = try Self.asked(asked ?? .emptyObject, now)
            return
        }
        let test = data["test"]
        guard let start = try Self.text(test, "start"), let end = try Self.text(test, "end") else {
            throw EvaluationError("evaluation.triggered event does not contain evaluation timeframe")
        }
        (self.start, self.end) = (try Self.time(start, "test.start"), try Self.time(end, "test.end"))
    }

    /// The window of a request: `start` with `end` or `timeframe`, `timeframe` until now, or the last five minutes; at
    /// least one minute long.
    package init(request: JSON, now: Timestamp) throws(EvaluationError) {
        (start, end) = try Self.asked(request, now)
        guard end - start >= Self.lengthMin else {
            throw EvaluationError("the window from \(start) to \(end) is shorter than one minute")
        }
    }

    /// The same, of any length.
    package init(asked: JSON, now: Timestamp) throws(EvaluationError) { (start, end) = try Self.asked(asked, now) }

    private static func asked(
        _ json: JSON, _ now: Timestamp
    ) throws(EvaluationError) -> (start: Timestamp, end: Timestamp) {
        var length: Duration?
        if let text = try text(json, "timeframe") {
            guard let duration = Duration(go: text), duration > .zero else {
                throw EvaluationError("timeframe is '\(text)'; a duration such as 5m is needed")
            }
            length = duration
        }
        let window: (start: Timestamp, end: Timestamp)
        switch (try text(json, "start"), try text(json, "end"), length) {
        case (_, _?, _?): throw EvaluationError("'end' and 'timeframe' are mutually exclusive")
        case (nil, _?, _): throw EvaluationError("'end' cannot be set without 'start'")
        case (_?, nil, nil): throw EvaluationError("'start' needs 'end' or 'timeframe'")
        case (let start?, let end?, nil): window = (try time(start, "start"), try time(end, "end"))
        case (let start?, nil, let length?):
            let start = try time(start, "start")
            window = (start, start + length)
        case (nil, nil, _): window = (now - (length ?? standardLength), now)
        }
        guard window.start < window.end else {
            throw EvaluationError("the window's end \(window.end) is not after its start \(window.start)")
        }
        return window
    }

    /// The `data.evaluation` of an evaluation that measured nothing.
    package func json(result: KeptnResult) -> JSON {
        [
            "timeStart": .string(start.rfc3339), "timeEnd": .string(end.rfc3339), "result": .string(result.rawValue),
            "score": 0, "sloFileContent": "", "indicatorResults": .null,
        ]
    }

    private static func text(_ json: JSON?, _ name: String) throws(EvaluationError) -> String? {
        guard let value = json?[name], !value.isNull else { return nil }
        guard let text = value.stringValue else {
            throw EvaluationError("\(name) has to be a text, not \(value.text.prefix(80))")
        }
        return text.isEmpty ? nil : text
    }

    private static func time(_ text: String, _ name: String) throws(EvaluationError) -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else {
            throw EvaluationError("\(name) is '\(text)'; a time such as 2026-01-31T12:00:00Z is needed")
        }
        return time
    }
}
