// What the server takes for fields that a definition does not have.
import { useQuery } from "@tanstack/react-query";
import { type Defaults, get } from "./api";

export const useDefaults = () =>
  useQuery({ queryKey: ["defaults"], queryFn: ({ signal }) => get<Defaults>("defaults", signal), staleTime: Number.POSITIVE_INFINITY })
    .data;
