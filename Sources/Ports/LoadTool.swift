/// Runs load tests in the language of a foreign tool (an adapter for each tool).
package protocol LoadTool: Sendable {
    /// Runs a plan to its end and hands out the results as the tool writes them, piece by piece. What the tool has
    /// started is gone when it returns or throws, also when it is cancelled.
    ///
    /// Throws `KeptnError.failedDependency` when the tool is not there or cannot run the plan, and what `take` throws.
    func run(_ test: LoadToolTest, _ take: @Sendable ([UInt8]) async throws -> Void) async throws
}

/// What a tool is to run.
package struct LoadToolTest: Sendable, Hashable {
    /// The path of the plan among the files.
    package var plan: String
    /// The plan and the data that it reads, by their paths below the folder in which the tool runs.
    package var files: [String: [UInt8]]
    /// What the plan finds as properties.
    package var properties: [String: String]

    package init(plan: String, files: [String: [UInt8]], properties: [String: String]) {
        self.plan = plan
        self.files = files
        self.properties = properties
    }
}

/// Where the reports of tests are kept.
package protocol TestReports: AgingFiles {
    /// Durable when it returns; a report of the same id is replaced.
    func save(_ report: [UInt8], id: String) async throws
    func report(id: String) async throws -> [UInt8]?
}
