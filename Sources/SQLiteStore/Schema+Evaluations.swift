/// The index by which the last evaluations of a service in a stage are found: each new one is compared with them, and
/// people look at them.
extension Schema {
    static let evaluationType = "sh.keptn.event.evaluation.finished"
    static let evaluationsIndex = "events_evaluations"

    /// Few events are evaluations, so that writing all the others costs nothing more.
    static let evaluations = """
        CREATE INDEX \(evaluationsIndex) ON events (project, stage, service, seq, source, result, time_ns)
            WHERE type = '\(evaluationType)';
        """
}
