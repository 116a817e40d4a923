import { MutationCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api";
import { App } from "./app";
import { watchLocale } from "./i18n";
import { follow } from "./live";
import { identify } from "./session";
import "./style.css";
import "./theme";

const client = new QueryClient({
  mutationCache: new MutationCache(),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      networkMode: "always",
      refetchOnWindowFocus: true,
      retry: (n, e) => n < 2 && !(e instanceof Problem && e.status >= 400 && e.status < 500),
      retryDelay: 1000,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

// The server answers in the language of the page: what is shown is asked anew, and nothing else is kept.
watchLocale(() => {
  client.removeQueries({ type: "inactive" });
  void client.invalidateQueries();
});

void identify().then(() => follow(client));

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
